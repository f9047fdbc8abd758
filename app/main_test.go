package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// The test binary runs itself as the app, so that a real process gets a real signal.
func TestMain(m *testing.M) {
	if os.Getenv("RUN_APP") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestProcessAnswersAndEndsOnSignal(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			process := app("PORT=0", "DRAIN_DELAY=10ms")
			output, err := process.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := process.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(output)
			_, port, err := net.SplitHostPort(event(t, lines, "listening")["address"])
			if err != nil {
				t.Fatal(err)
			}

			response, err := http.Get("http://127.0.0.1:" + port + "/demo")
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "body", string(body), "Welcome to the k8s demo app!\n")

			if err := process.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			equal(t, "delay", event(t, lines, "draining")["delay"], "10ms")
			event(t, lines, "stopped")
			if err := process.Wait(); err != nil {
				t.Errorf("ended with %v", err)
			}
		})
	}
}

func TestFailsToStart(t *testing.T) {
	taken, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, err := net.SplitHostPort(taken.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, setting string
		exit          int
		output        string
	}{
		{"with a bad setting", "PORT=http", 2, `PORT is "http"`},
		{"on a port in use", "PORT=" + port, 1, "address already in use"},
	} {
		t.Run(c.name, func(t *testing.T) {
			process := app(c.setting)
			output, _ := process.CombinedOutput()
			equal(t, "exit code", process.ProcessState.ExitCode(), c.exit)
			if !strings.Contains(string(output), c.output) || strings.Contains(string(output), "goroutine") {
				t.Errorf("printed %q, want %q and no stack trace", output, c.output)
			}
		})
	}
}

func app(settings ...string) *exec.Cmd {
	process := exec.Command(os.Args[0])
	process.Env = append(os.Environ(), append(settings, "RUN_APP=1")...)
	return process
}

// event reads the next log line, which is one JSON object with this message.
func event(t *testing.T, lines *bufio.Scanner, message string) map[string]string {
	t.Helper()
	if !lines.Scan() {
		t.Fatalf("no more output, want %q", message)
	}
	var fields map[string]string
	if err := json.Unmarshal(lines.Bytes(), &fields); err != nil {
		t.Fatalf("%q: %v", lines.Text(), err)
	}
	equal(t, "log message", fields["msg"], message)
	return fields
}
