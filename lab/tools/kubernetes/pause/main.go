// Command pause holds a pod's namespaces open: it does nothing until it is told
// to stop. The kubelet's sandbox image in the lab holds this one file.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	<-stop
}
