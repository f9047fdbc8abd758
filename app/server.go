package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// shutdownTimeout is how long requests may still run after the drain. With the default drain it
// stays well below the 30 seconds after which Kubernetes kills a pod.
const shutdownTimeout = 15 * time.Second

// newServer has the time limits that net/http leaves open: a client that sends or reads slowly
// does not hold a connection for ever.
func newServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// serve answers requests until ctx ends, then stops without failing any.
//
// Kubernetes sends SIGTERM at the same time as it begins to take the pod out of its Services, and
// for a moment new connections still arrive. Closing the listener at once would refuse them, so
// for drainDelay (usually well under a second would do) everything is answered as before, only
// readiness turns 503 and connections are not kept alive. Then the listener closes, and requests
// that are still running have shutdownTimeout to finish; the error says so if they do not.
func serve(
	ctx context.Context, server *http.Server, listener net.Listener,
	draining *atomic.Bool, drainDelay time.Duration, log *slog.Logger,
) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	draining.Store(true)
	log.Info("draining", "delay", drainDelay.String())
	select {
	case err := <-failed:
		return err
	case <-time.After(drainDelay):
	}

	limit, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(limit); err != nil {
		return errors.Join(fmt.Errorf("requests still running %s after the drain: %w", shutdownTimeout, err), server.Close())
	}
	log.Info("stopped")
	return nil
}
