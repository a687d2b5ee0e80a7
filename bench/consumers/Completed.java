// Whether the Parallel Consumer's commits name only records that are done.
//   java -cp '.cache/parallel/*' bench/consumers/Completed.java BOOTSTRAP TOPIC COMMIT-MODE COMMIT-INTERVAL-MS [RECORDS]
// Writes RECORDS (20,000) with a thousand keys to a topic of one partition, works up to 5 ms on each, and looks at each
// commit before it is sent, with the library's own decoder: an offset that its metadata says is done, and whose work
// has not returned, is one that a publish would be answered `processed` for. Prints how many commits name such offsets.
import io.confluent.parallelconsumer.ParallelConsumerOptions;
import io.confluent.parallelconsumer.ParallelStreamProcessor;
import io.confluent.parallelconsumer.offsets.OffsetMapCodecManager;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetCommitCallback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public class Completed {
  static final Set<Long> done = ConcurrentHashMap.newKeySet();

  static class Watched extends KafkaConsumer<byte[], byte[]> {
    int commits, untrue;
    long named;

    Watched(Properties settings) {
      super(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    @Override public void commitAsync(Map<TopicPartition, OffsetAndMetadata> offsets, OffsetCommitCallback callback) {
      offsets.values().forEach(this::look);
      super.commitAsync(offsets, callback);
    }

    @Override public void commitSync(Map<TopicPartition, OffsetAndMetadata> offsets) {
      offsets.values().forEach(this::look);
      super.commitSync(offsets);
    }

    synchronized void look(OffsetAndMetadata commit) {
      if (commit.metadata().isEmpty()) return;
      commits++;
      try {
        var map = OffsetMapCodecManager.deserialiseIncompleteOffsetMapFromBase64(commit.offset(), commit.metadata());
        long wrong = LongStream.rangeClosed(commit.offset() + 1, map.getHighestSeenOffset().orElse(-1L))
            .filter(offset -> !map.getIncompleteOffsets().contains(offset) && !done.contains(offset)).count();
        named += wrong;
        if (wrong > 0) untrue++;
      } catch (Exception undecodable) {
        throw new IllegalStateException(undecodable);
      }
    }

    synchronized String found() {
      return commits + " commits with metadata, " + untrue + " name what is not done, " + named + " offsets in all";
    }
  }

  public static void main(String[] arguments) throws Exception {
    int records = arguments.length > 4 ? Integer.parseInt(arguments[4]) : 20_000;
    Properties settings = new Properties();
    settings.put("bootstrap.servers", arguments[0]);
    try (var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
      Random random = new Random(1);
      for (int i = 0; i < records; i++)
        producer.send(new ProducerRecord<>(arguments[1], ("key" + random.nextInt(1000)).getBytes(), new byte[20]));
    }
    settings.put("group.id", "completed-" + System.nanoTime());
    settings.put("enable.auto.commit", "false");
    settings.put("auto.offset.reset", "earliest");
    Watched consumer = new Watched(settings);
    ParallelStreamProcessor<byte[], byte[]> processor = ParallelStreamProcessor.createEosStreamProcessor(
        ParallelConsumerOptions.<byte[], byte[]>builder().consumer(consumer)
            .commitMode(ParallelConsumerOptions.CommitMode.valueOf(arguments[2]))
            .commitInterval(Duration.ofMillis(Long.parseLong(arguments[3]))).build());
    processor.subscribe(List.of(arguments[1]));
    processor.poll(context -> {
      try {
        Thread.sleep(ThreadLocalRandom.current().nextInt(6));
      } catch (InterruptedException end) {
        throw new IllegalStateException(end);
      }
      done.add(context.getSingleConsumerRecord().offset());
    });
    for (int i = 0; i < 1_200 && done.size() < records; i++) Thread.sleep(100);
    System.out.println(arguments[2] + ", each " + arguments[3] + " ms: " + consumer.found() + "; records done: " + done.size());
    System.exit(0);
  }
}
