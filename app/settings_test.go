package main

import (
	"strings"
	"testing"
	"time"
)

func TestSettings(t *testing.T) {
	for _, c := range []struct {
		name, port, drainDelay string
		want                   settings
	}{
		{"defaults", "", "", settings{8080, 3 * time.Second}},
		{"given", "9000", "250ms", settings{9000, 250 * time.Millisecond}},
		{"the least", "0", "0s", settings{0, 0}},
		{"the most", "65535", "1m", settings{65535, time.Minute}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := settingsFrom(environment(c.port, c.drainDelay))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "settings", got, c.want)
		})
	}
}

func TestFailsWithBadSettings(t *testing.T) {
	for _, c := range []struct {
		name, port, drainDelay string
		mentions               []string
	}{
		{"a port that is no number", "http", "", []string{`PORT is "http"`, "0 to 65535"}},
		{"a port below 0", "-1", "", []string{`PORT is "-1"`}},
		{"a port too high", "65536", "", []string{`PORT is "65536"`}},
		{"a delay without unit", "", "3", []string{`DRAIN_DELAY is "3"`, "such as 3s"}},
		{"a delay below 0", "", "-3s", []string{`DRAIN_DELAY is "-3s"`}},
		{"a delay too long", "", "2m", []string{`DRAIN_DELAY is "2m"`}},
		{"both at once", "x", "y", []string{`PORT is "x"`, `DRAIN_DELAY is "y"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := settingsFrom(environment(c.port, c.drainDelay))
			if err == nil {
				t.Fatal("accepted")
			}
			for _, part := range c.mentions {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not mention %q", err, part)
				}
			}
		})
	}
}

func environment(port, drainDelay string) func(string) string {
	values := map[string]string{"PORT": port, "DRAIN_DELAY": drainDelay}
	return func(name string) string { return values[name] }
}
