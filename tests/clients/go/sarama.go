package main

import (
	"context"
	"time"

	"github.com/IBM/sarama"
)

type handler struct{ manual bool }

func (handler) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (handler) Cleanup(sarama.ConsumerGroupSession) error { return nil }
func (h handler) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for message := range claim.Messages() {
		processed(message.Partition, message.Offset)
		session.MarkMessage(message, "")
		if h.manual {
			session.Commit()
		}
	}
	return nil
}

// IBM/sarama. default: the library commits what is marked by itself, each second. manual: session.Commit() after
// the work on each record. short: the same, and its fetches wait 50 ms at the broker, as its commits wait behind them.
func ibmSarama(stopped context.Context, how, bootstrap, topic, group string) error {
	config := sarama.NewConfig()
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	manual := how != "default"
	config.Consumer.Offsets.AutoCommit.Enable = !manual
	if how == "short" {
		config.Consumer.MaxWaitTime = 50 * time.Millisecond
	}
	consumer, err := sarama.NewConsumerGroup([]string{bootstrap}, group, config)
	if err != nil {
		return err
	}
	defer consumer.Close()
	for stopped.Err() == nil {
		if err := consumer.Consume(stopped, []string{topic}, handler{manual}); err != nil {
			return err
		}
	}
	return nil
}
