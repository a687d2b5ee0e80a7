// Events that their consumer acks over Redis pub/sub, after its commit: the usual way
// to wait for a consumer without a reply topic.
//
//	redis-ack request|consume --kafka HOST:PORT --redis HOST:PORT --topic TOPIC
//	                          [--in-flight N --seconds S --warm-up S --rate R --bytes N]
//
// `consume` commits what a poll brought, then publishes the id of each record to the
// channel acks:TOPIC; it prints "assigned" when it has its partitions. `request` prints one
// line of JSON, as the other peers here do; an event is over when both its append and its
// ack are known. With --rate a latency counts from the time at which the event was due.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

var (
	kafka    = flag.String("kafka", "127.0.0.1:9092", "")
	redis    = flag.String("redis", "127.0.0.1:6379", "")
	topic    = flag.String("topic", "peers", "")
	inFlight = flag.Int("in-flight", 16, "at most, with --rate")
	seconds  = flag.Float64("seconds", 5, "measured, after the warm-up")
	warmUp   = flag.Float64("warm-up", 2, "seconds")
	rate     = flag.Float64("rate", 0, "a second, on a schedule; 0: closed loop")
	size     = flag.Int("bytes", 100, "of each value")
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// A command in Redis's protocol.
func command(out *bufio.Writer, words ...string) {
	fmt.Fprintf(out, "*%d\r\n", len(words))
	for _, word := range words {
		fmt.Fprintf(out, "$%d\r\n%s\r\n", len(word), word)
	}
}

// Bulk strings in an array that is a message: "message", channel, payload.
func readMessage(in *bufio.Reader) (string, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return "", err
	}
	words, err := strconv.Atoi(strings.TrimSpace(line[1:]))
	if line[0] != '*' || err != nil {
		return "", fmt.Errorf("not a message: %q", line)
	}
	last := ""
	for ; words > 0; words-- {
		if line, err = in.ReadString('\n'); err != nil {
			return "", err
		}
		if line[0] != '$' {
			continue // the number of subscriptions
		}
		length, _ := strconv.Atoi(strings.TrimSpace(line[1:]))
		text := make([]byte, length+2)
		if _, err = io.ReadFull(in, text); err != nil {
			return "", err
		}
		last = string(text[:length])
	}
	return last, nil
}

func consume() {
	connection, err := net.Dial("tcp", *redis)
	check(err)
	go io.Copy(io.Discard, connection) // how many heard it
	out := bufio.NewWriterSize(connection, 1<<16)
	client, err := kgo.NewClient(kgo.SeedBrokers(*kafka), kgo.ConsumerGroup("acker"), kgo.ConsumeTopics(*topic),
		kgo.DisableAutoCommit(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.OnPartitionsAssigned(func(context.Context, *kgo.Client, map[string][]int32) { fmt.Println("assigned") }))
	check(err)
	for {
		fetches := client.PollFetches(context.Background())
		if fetches.Empty() {
			continue
		}
		check(client.CommitUncommittedOffsets(context.Background()))
		fetches.EachRecord(func(record *kgo.Record) {
			if len(record.Key) == 8 {
				command(out, "PUBLISH", "acks:"+*topic, string(record.Key))
			}
		})
		check(out.Flush())
	}
}

// An event in flight: over when it is appended and acked.
type event struct {
	due  time.Time
	left int32
}

type load struct {
	slots      chan struct{}
	events     sync.Map // by id
	from, till time.Time
	mutex      sync.Mutex
	latencies  []float64 // ms
	failed     int
}

func (l *load) step(id uint64, success bool) {
	found, _ := l.events.Load(id)
	one, known := found.(*event)
	if !known || (success && atomic.AddInt32(&one.left, -1) > 0) {
		return
	}
	l.events.Delete(id)
	<-l.slots
	now := time.Now()
	if now.Before(l.from) || !now.Before(l.till) {
		return
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if success {
		l.latencies = append(l.latencies, float64(now.Sub(one.due))/1e6)
	} else {
		l.failed++
	}
}

func (l *load) listen() {
	connection, err := net.Dial("tcp", *redis)
	check(err)
	out, in := bufio.NewWriter(connection), bufio.NewReaderSize(connection, 1<<16)
	command(out, "SUBSCRIBE", "acks:"+*topic)
	check(out.Flush())
	_, err = readMessage(in)
	check(err)
	go func() {
		for {
			id, err := readMessage(in)
			check(err)
			if len(id) == 8 {
				l.step(binary.BigEndian.Uint64([]byte(id)), true)
			}
		}
	}()
}

func cpu() time.Duration {
	var used syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func request() {
	client, err := kgo.NewClient(kgo.SeedBrokers(*kafka), kgo.DefaultProduceTopic(*topic), kgo.ProducerLinger(0),
		kgo.RequiredAcks(kgo.AllISRAcks()), kgo.MaxBufferedRecords(1<<20))
	check(err)
	l := &load{slots: make(chan struct{}, *inFlight)}
	l.listen()
	start := time.Now()
	l.from = start.Add(time.Duration(*warmUp * 1e9))
	l.till = l.from.Add(time.Duration(*seconds * 1e9))
	var before time.Duration
	value := make([]byte, *size)
	first := uint64(start.UnixNano())
	for i := 0; time.Now().Before(l.till); i++ {
		if before == 0 && !time.Now().Before(l.from) {
			before = cpu()
		}
		due := start.Add(time.Duration(float64(i) * 1e9 / *rate))
		if *rate > 0 {
			time.Sleep(time.Until(due))
		}
		l.slots <- struct{}{}
		if *rate <= 0 {
			due = time.Now()
		}
		id := first + uint64(i)
		l.events.Store(id, &event{due, 2})
		key := binary.BigEndian.AppendUint64(nil, id)
		client.Produce(context.Background(), &kgo.Record{Key: key, Value: value},
			func(_ *kgo.Record, err error) { l.step(id, err == nil) })
	}
	spent := cpu() - before
	l.mutex.Lock()
	defer l.mutex.Unlock()
	sort.Float64s(l.latencies)
	at := func(quantile float64) float64 {
		if len(l.latencies) == 0 {
			return 0
		}
		return l.latencies[int(quantile*float64(len(l.latencies)-1))]
	}
	count := len(l.latencies)
	each := float64(spent) / 1e3 / float64(count)
	if count == 0 {
		each = 0
	}
	fmt.Printf("{\"name\": \"Go, acked over Redis pub/sub\", \"in_flight\": %d, \"rate\": %.0f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, "+
		"\"cpu_us_per_op\": %.2f, \"count\": %d, \"failed\": %d}\n", *inFlight, float64(count)/ *seconds, at(0.5), at(0.99), each, count, l.failed)
}

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 {
		log.Fatal("usage: redis-ack request|consume [OPTION]…")
	}
	check(flag.CommandLine.Parse(os.Args[2:]))
	switch os.Args[1] {
	case "request":
		request()
	case "consume":
		consume()
	default:
		log.Fatal("usage: redis-ack request|consume [OPTION]…")
	}
}
