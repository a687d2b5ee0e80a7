// segmentio/kafka-go: notes each record in the ledger (relay.py says its form), then commits.
//
//	views BOOTSTRAP TOPIC GROUP REDIS
//
// FetchMessage and CommitMessages: the commit comes after the work. Prints `ready` when it is at
// work, which may be before partitions are assigned: kafka-go does not tell. Ends on SIGTERM,
// leaving the group, and with 1 on what it cannot mend.
package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/segmentio/kafka-go"
)

const most = 500 // records in a batch

// Writes over the Unix socket: enough for what a consumer remembers.
type redis struct {
	connection net.Conn
	replies    *bufio.Reader
}

// Returns when Redis has done the command.
func (r *redis) write(words []string) error {
	var text strings.Builder
	fmt.Fprintf(&text, "*%d\r\n", len(words))
	for _, word := range words {
		fmt.Fprintf(&text, "$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := r.connection.Write([]byte(text.String())); err != nil {
		return err
	}
	reply, err := r.replies.ReadString('\n')
	if err == nil && !strings.HasPrefix(reply, ":") {
		err = fmt.Errorf("Redis: %s", reply)
	}
	return err
}

func idOf(message kafka.Message) string {
	for _, header := range message.Headers {
		if header.Key == "tidemark-id" {
			return string(header.Value)
		}
	}
	return "-"
}

// What is at hand; waits for the first.
func batchOf(stopped context.Context, reader *kafka.Reader) ([]kafka.Message, error) {
	first, err := reader.FetchMessage(stopped)
	if err != nil {
		return nil, err
	}
	messages := []kafka.Message{first}
	soon, cancel := context.WithTimeout(stopped, 2*time.Millisecond)
	defer cancel()
	for len(messages) < most {
		next, err := reader.FetchMessage(soon)
		if err != nil {
			break
		}
		messages = append(messages, next)
	}
	return messages, nil
}

func run(stopped context.Context, bootstrap, topic, group string, memory *redis) error {
	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers:           strings.Split(bootstrap, ","),
		Topic:             topic,
		GroupID:           group,
		StartOffset:       kafka.FirstOffset,
		MaxWait:           100 * time.Millisecond,
		ReadBatchTimeout:  5 * time.Second,
		HeartbeatInterval: time.Second,
		SessionTimeout:    6 * time.Second,
		RebalanceTimeout:  10 * time.Second,
		JoinGroupBackoff:  500 * time.Millisecond,
		MaxAttempts:       10,
		ErrorLogger:       kafka.LoggerFunc(func(text string, values ...interface{}) { fmt.Fprintf(os.Stderr, text+"\n", values...) }),
	})
	defer reader.Close()
	fmt.Println("ready")
	for {
		messages, err := batchOf(stopped, reader)
		if err != nil {
			return err
		}
		command := []string{"RPUSH", "ledger"}
		for _, m := range messages {
			command = append(command, fmt.Sprintf("done %s %s %d %d %s", group, topic, m.Partition, m.Offset, idOf(m)))
		}
		if err = memory.write(command); err != nil {
			return err
		}
		if err = reader.CommitMessages(stopped, messages...); err != nil {
			// Whoever has the partition now does the batch again.
			fmt.Fprintln(os.Stderr, "commit refused:", err)
		}
	}
}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: views BOOTSTRAP TOPIC GROUP REDIS")
		os.Exit(64)
	}
	stopped, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	connection, err := net.Dial("unix", os.Args[4])
	if err == nil {
		err = run(stopped, os.Args[1], os.Args[2], os.Args[3], &redis{connection, bufio.NewReader(connection)})
	}
	if err != nil && stopped.Err() == nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
