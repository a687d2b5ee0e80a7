package main

import (
	"context"
	"time"

	"github.com/segmentio/kafka-go"
)

// segmentio/kafka-go. read: ReadMessage, which commits each record before it returns it. fetch: FetchMessage,
// the work, CommitMessages.
func kafkaGo(stopped context.Context, how, bootstrap, topic, group string) error {
	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers:     []string{bootstrap},
		Topic:       topic,
		GroupID:     group,
		StartOffset: kafka.FirstOffset,
		MaxWait:     100 * time.Millisecond,
	})
	defer reader.Close()
	for {
		var message kafka.Message
		var err error
		if how == "read" {
			message, err = reader.ReadMessage(stopped)
		} else {
			message, err = reader.FetchMessage(stopped)
		}
		if err != nil {
			return err
		}
		processed(int32(message.Partition), message.Offset)
		if how != "read" {
			if err = reader.CommitMessages(stopped, message); err != nil {
				return err
			}
		}
	}
}
