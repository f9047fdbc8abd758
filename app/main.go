// The sample app: a small web server for Kubernetes, see README.md.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
)

// Set at build time with -ldflags "-X main.message=… -X main.version=…" (see Dockerfile).
var (
	message = "Welcome to the k8s demo app!"
	version = "dev"
)

func main() {
	settings, err := settingsFrom(os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil)).With("version", version)
	if err := run(settings, log); err != nil {
		log.Error("failed", "error", err.Error())
		os.Exit(1)
	}
}

// run answers requests until SIGTERM or SIGINT; a second signal ends the process at once.
func run(settings settings, log *slog.Logger) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop)

	listener, err := net.Listen("tcp", ":"+strconv.Itoa(settings.port))
	if err != nil {
		return err
	}
	log.Info("listening", "address", listener.Addr().String())
	var draining atomic.Bool
	server := newServer(routes(message, version, &draining), log)
	return serve(ctx, server, listener, &draining, settings.drainDelay, log)
}
