package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestRoutes(t *testing.T) {
	for _, c := range []struct {
		name, method, path string
		draining           bool
		status             int
		body, connection   string
	}{
		{"the message", "GET", "/demo", false, 200, "hello\n", ""},
		{"the message while draining", "GET", "/demo", true, 200, "hello\n", "close"},
		{"the version", "GET", "/version", false, 200, "v1.2.3\n", ""},
		{"alive", "GET", "/healthz", false, 200, "ok\n", ""},
		{"alive while draining", "GET", "/healthz", true, 200, "ok\n", "close"},
		{"ready", "GET", "/readyz", false, 200, "ready\n", ""},
		{"not ready while draining", "GET", "/readyz", true, 503, "shutting down\n", "close"},
		{"an unknown path", "GET", "/", false, 404, "404 page not found\n", ""},
		{"below a known path", "GET", "/demo/more", false, 404, "404 page not found\n", ""},
		{"a method not offered", "POST", "/demo", false, 405, "Method Not Allowed\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var draining atomic.Bool
			draining.Store(c.draining)
			answer := httptest.NewRecorder()
			routes("hello", "v1.2.3", &draining).ServeHTTP(answer, httptest.NewRequest(c.method, c.path, nil))

			equal(t, "status", answer.Code, c.status)
			equal(t, "body", answer.Body.String(), c.body)
			equal(t, "Content-Type", answer.Header().Get("Content-Type"), "text/plain; charset=utf-8")
			equal(t, "Connection", answer.Header().Get("Connection"), c.connection)
			equal(t, "X-App-Version", answer.Header().Get("X-App-Version"), "v1.2.3")
		})
	}
}

func TestReadinessFlips(t *testing.T) {
	var draining atomic.Bool
	handler := routes("hello", "v1.2.3", &draining)
	status := func() int {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest("GET", "/readyz", nil))
		return answer.Code
	}
	equal(t, "status before", status(), http.StatusOK)
	draining.Store(true)
	equal(t, "status while draining", status(), http.StatusServiceUnavailable)
}

func TestHeadHasNoBody(t *testing.T) {
	server := httptest.NewServer(routes("hello", "v1.2.3", new(atomic.Bool)))
	defer server.Close()
	answer, err := http.Head(server.URL + "/demo")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	equal(t, "status", answer.StatusCode, 200)
	equal(t, "Content-Length", answer.ContentLength, int64(len("hello\n")))
}

func TestDefaultMessage(t *testing.T) {
	equal(t, "message", message, "Welcome to the k8s demo app!")
	if strings.TrimSpace(version) == "" {
		t.Error("the version has no default")
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
