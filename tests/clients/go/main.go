// A group consumer on segmentio/kafka-go.
//
//	kafka-go read|fetch BOOTSTRAP TOPIC GROUP
//
// read: ReadMessage, which commits each record before it returns it. fetch: FetchMessage, the
// work, CommitMessages. Prints `processed PARTITION OFFSET` for each record when its work is done.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/segmentio/kafka-go"
)

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: kafka-go read|fetch BOOTSTRAP TOPIC GROUP")
		os.Exit(64)
	}
	stopped, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers:     []string{os.Args[2]},
		Topic:       os.Args[3],
		GroupID:     os.Args[4],
		StartOffset: kafka.FirstOffset,
		MaxWait:     100 * time.Millisecond,
	})
	defer reader.Close()
	for {
		var message kafka.Message
		var err error
		if os.Args[1] == "read" {
			message, err = reader.ReadMessage(stopped)
		} else {
			message, err = reader.FetchMessage(stopped)
		}
		if err != nil {
			return
		}
		fmt.Println("processed", message.Partition, message.Offset)
		if os.Args[1] != "read" {
			if err = reader.CommitMessages(stopped, message); err != nil {
				return
			}
		}
	}
}
