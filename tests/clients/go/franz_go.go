package main

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// franz-go. default: the library commits by itself, each five seconds. INTERVAL, such as 500ms: so often.
// manual: CommitRecords after the work on each poll.
func franzGo(stopped context.Context, how, bootstrap, topic, group string) error {
	options := []kgo.Opt{kgo.SeedBrokers(bootstrap), kgo.ConsumeTopics(topic), kgo.ConsumerGroup(group),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())}
	if how == "manual" {
		options = append(options, kgo.DisableAutoCommit())
	} else if how != "default" {
		interval, err := time.ParseDuration(how)
		if err != nil {
			return err
		}
		options = append(options, kgo.AutoCommitInterval(interval))
	}
	consumer, err := kgo.NewClient(options...)
	if err != nil {
		return err
	}
	defer consumer.Close()
	for stopped.Err() == nil {
		records := consumer.PollFetches(stopped).Records()
		for _, record := range records {
			processed(record.Partition, record.Offset)
		}
		if how == "manual" && len(records) > 0 {
			if err := consumer.CommitRecords(stopped, records...); err != nil {
				return err
			}
		}
	}
	return nil
}
