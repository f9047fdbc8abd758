package main

import (
	"io"
	"net/http"
	"sync/atomic"
)

// routes answers:
//
//	GET /demo     the message
//	GET /version  the version
//	GET /healthz  200 as long as the process can answer (liveness)
//	GET /readyz   200, or 503 once draining is true (readiness)
//
// Every response carries the version in X-App-Version, so that a client can tell which pod of a
// rolling update answered.
func routes(message, version string, draining *atomic.Bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /demo", text(message))
	mux.HandleFunc("GET /version", text(version))
	mux.HandleFunc("GET /healthz", text("ok"))
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if draining.Load() {
			http.Error(w, "shutting down", http.StatusServiceUnavailable)
			return
		}
		text("ready")(w, r)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-App-Version", version)
		// A connection that is kept alive stays with this pod even after its Service has dropped
		// it, so the client is asked to open a new one, which reaches another pod.
		if draining.Load() {
			w.Header().Set("Connection", "close")
		}
		mux.ServeHTTP(w, r)
	})
}

// text answers with one line of plain text.
func text(line string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		// An error here means that the client has gone; there is nobody left to tell.
		_, _ = io.WriteString(w, line+"\n")
	}
}
