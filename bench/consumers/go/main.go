// A group consumer on franz-go or sarama, for bench/consumers/measure.
//
//	consumer franz-go|sarama default|manual|short BOOTSTRAP TOPIC GROUP
//
// default: the library commits by itself, as it does unless told otherwise. manual: a commit after
// the work on each poll (franz-go) or record (sarama). short: the same, and its fetches wait 50 ms at
// the broker (sarama), as its commits wait behind them. Starts at the earliest offset.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kgo"
)

func franz(stopped context.Context, mode, bootstrap, topic, group string) error {
	options := []kgo.Opt{kgo.SeedBrokers(bootstrap), kgo.ConsumeTopics(topic), kgo.ConsumerGroup(group),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())}
	manual := mode != "default"
	if manual {
		options = append(options, kgo.DisableAutoCommit())
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		return err
	}
	defer client.Close()
	for stopped.Err() == nil {
		records := client.PollFetches(stopped).Records()
		if manual && len(records) > 0 {
			if err := client.CommitRecords(stopped, records...); err != nil {
				return err
			}
		}
	}
	return nil
}

type handler struct{ manual bool }

func (handler) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (handler) Cleanup(sarama.ConsumerGroupSession) error { return nil }
func (h handler) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for message := range claim.Messages() {
		session.MarkMessage(message, "")
		if h.manual {
			session.Commit()
		}
	}
	return nil
}

func ibm(stopped context.Context, mode, bootstrap, topic, group string) error {
	config := sarama.NewConfig()
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	manual := mode != "default"
	config.Consumer.Offsets.AutoCommit.Enable = !manual
	if mode == "short" {
		config.Consumer.MaxWaitTime = 50 * time.Millisecond
	}
	client, err := sarama.NewConsumerGroup([]string{bootstrap}, group, config)
	if err != nil {
		return err
	}
	defer client.Close()
	for stopped.Err() == nil {
		if err := client.Consume(stopped, []string{topic}, handler{manual}); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	stopped, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	run := map[string]func(context.Context, string, string, string, string) error{"franz-go": franz, "sarama": ibm}
	if err := run[os.Args[1]](stopped, os.Args[2], os.Args[3], os.Args[4], os.Args[5]); err != nil {
		println(err.Error())
		os.Exit(1)
	}
}
