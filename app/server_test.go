package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// In these tests time is synctest's: the delays are the real ones and pass at once.

const drainDelay = 3 * time.Second

func TestDrainTakesRequestsAndFinishesThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := start(t, func(draining *atomic.Bool) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("/", routes("hello", "v1", draining))
			mux.HandleFunc("/slow", func(w http.ResponseWriter, _ *http.Request) {
				<-release
				_, _ = io.WriteString(w, "finished")
			})
			return mux
		})

		slow := make(chan string)
		go func() { slow <- s.get("/slow").body }()
		synctest.Wait()
		equal(t, "ready before", s.get("/readyz").status, 200)

		s.stop()
		synctest.Wait()
		equal(t, "ready while draining", s.get("/readyz").status, 503)
		time.Sleep(drainDelay - time.Millisecond)
		last := s.get("/demo")
		equal(t, "late answer", last.body, "hello\n")
		equal(t, "late connection is closed", last.closed, true)

		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		if err := s.get("/demo").err; !errors.Is(err, net.ErrClosed) {
			t.Errorf("a request after the drain: got %v, want a closed listener", err)
		}
		select {
		case err := <-s.ended:
			t.Fatalf("ended with a request in flight: %v", err)
		default:
		}

		close(release)
		equal(t, "request in flight", <-slow, "finished")
		if err := <-s.ended; err != nil {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestStopsRightAfterTheDrainWhenIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, func(draining *atomic.Bool) http.Handler { return routes("hello", "v1", draining) })
		equal(t, "answer", s.get("/demo").body, "hello\n")
		before := time.Now()
		s.stop()
		if err := <-s.ended; err != nil {
			t.Errorf("ended with %v", err)
		}
		equal(t, "time to stop", time.Since(before), drainDelay)
	})
}

func TestFailsWhenARequestNeverEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := start(t, func(*atomic.Bool) http.Handler {
			return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release })
		})
		go s.get("/")
		synctest.Wait()
		before := time.Now()
		s.stop()
		err := <-s.ended
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "15s") {
			t.Errorf("ended with %v", err)
		}
		equal(t, "time to give up", time.Since(before), drainDelay+shutdownTimeout)
		close(release)
	})
}

func TestFailsWhenTheListenerDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, func(*atomic.Bool) http.Handler { return http.NotFoundHandler() })
		synctest.Wait()
		s.listener.Close()
		if err := <-s.ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestClosesAConnectionThatSendsNoHeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, func(*atomic.Bool) http.Handler { return http.NotFoundHandler() })
		connection, err := s.listener.dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		before := time.Now()
		if _, err := connection.Write([]byte("GET / HT")); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(connection); err != nil {
			t.Error(err)
		}
		equal(t, "time until closed", time.Since(before), 5*time.Second)
		s.stop()
		<-s.ended
	})
}

// running is a server under test, reached over pipes.
type running struct {
	listener *pipeListener
	client   *http.Client
	stop     context.CancelFunc
	ended    chan error
}

func start(t *testing.T, handler func(draining *atomic.Bool) http.Handler) *running {
	log := slog.New(slog.DiscardHandler)
	listener := &pipeListener{connections: make(chan net.Conn), closed: make(chan struct{})}
	transport := &http.Transport{DialContext: listener.dial}
	t.Cleanup(transport.CloseIdleConnections)
	ctx, stop := context.WithCancel(context.Background())
	s := &running{listener, &http.Client{Transport: transport}, stop, make(chan error, 1)}
	var draining atomic.Bool
	server := newServer(handler(&draining), log)
	go func() { s.ended <- serve(ctx, server, listener, &draining, drainDelay, log) }()
	return s
}

type answer struct {
	status int
	body   string
	closed bool
	err    error
}

func (s *running) get(path string) answer {
	response, err := s.client.Get("http://app" + path)
	if err != nil {
		return answer{err: err}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, string(body), response.Close, err}
}

// pipeListener hands each dialled pipe to the server, and refuses once closed, as a port would.
type pipeListener struct {
	connections chan net.Conn
	closed      chan struct{}
	once        sync.Once
}

func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.connections <- server:
		return client, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case connection := <-l.connections:
		return connection, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }
