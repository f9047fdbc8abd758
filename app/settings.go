package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// settings come from the environment, so that one image serves every cluster.
type settings struct {
	// port to listen on: PORT, default 8080; 0 takes any free one.
	port int
	// drainDelay is how long requests are still taken after SIGTERM: DRAIN_DELAY, default 3s.
	// See serve for why.
	drainDelay time.Duration
}

// settingsFrom reads the settings through getenv. The error names every bad variable, the value
// received and what is allowed.
func settingsFrom(getenv func(string) string) (settings, error) {
	result := settings{port: 8080, drainDelay: 3 * time.Second}
	var problems []error
	if value := getenv("PORT"); value != "" {
		port, err := strconv.ParseUint(value, 10, 16)
		if err != nil {
			problems = append(problems, fmt.Errorf("PORT is %q: give a whole number from 0 to 65535", value))
		}
		result.port = int(port)
	}
	if value := getenv("DRAIN_DELAY"); value != "" {
		delay, err := time.ParseDuration(value)
		if err != nil || delay < 0 || delay > time.Minute {
			problems = append(problems, fmt.Errorf("DRAIN_DELAY is %q: give a time from 0s to 1m, such as 3s", value))
		}
		result.drainDelay = delay
	}
	return result, errors.Join(problems...)
}
