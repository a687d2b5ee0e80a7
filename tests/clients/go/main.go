// A group consumer on a Go client, for the tests and for bench/consumers/measure.
//
//	consumer CLIENT HOW BOOTSTRAP TOPIC GROUP
//
// CLIENT and HOW: kafka-go read|fetch, franz-go default|INTERVAL|manual, sarama default|manual|short; what they
// mean stands with each. Starts at the earliest offset. Prints `processed PARTITION OFFSET` for each record
// when its work is done.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// One client: it consumes until the context ends.
type client func(stopped context.Context, how, bootstrap, topic, group string) error

func processed(partition int32, offset int64) {
	fmt.Println("processed", partition, offset)
}

func main() {
	clients := map[string]client{"kafka-go": kafkaGo, "franz-go": franzGo, "sarama": ibmSarama}
	if len(os.Args) != 6 || clients[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: consumer kafka-go|franz-go|sarama HOW BOOTSTRAP TOPIC GROUP")
		os.Exit(64)
	}
	stopped, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	err := clients[os.Args[1]](stopped, os.Args[2], os.Args[3], os.Args[4], os.Args[5])
	if err != nil && stopped.Err() == nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
