// A consumer on Confluent's Parallel Consumer: many records of a partition in work at once, the committed offset
// below the slowest, and those that are done above it in the commit's metadata.
//   java -cp '.cache/clients:.cache/parallel/*' ParallelGroupConsumer BOOTSTRAP TOPIC GROUP [NAME=VALUE…]
// ordering=UNORDERED|KEY, commit.interval.ms=N, commit.mode=PERIODIC_CONSUMER_SYNC: the library's own defaults otherwise;
// all else goes to its consumer.
// With release=FILE a value that contains `slow` keeps its thread, and one that contains `bad` fails and is tried
// again, until the file is there: each prints `begun PARTITION OFFSET` first. Prints `processed PARTITION OFFSET` for
// each record when its work is done.
import io.confluent.parallelconsumer.ParallelConsumerOptions;
import io.confluent.parallelconsumer.ParallelStreamProcessor;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

public class ParallelGroupConsumer {
  public static void main(String[] arguments) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", arguments[0]);
    settings.put("group.id", arguments[2]);
    settings.put("enable.auto.commit", "false");
    settings.put("auto.offset.reset", "earliest");
    for (int i = 3; i < arguments.length; i++) {
      String[] setting = arguments[i].split("=", 2);
      settings.put(setting[0], setting[1]);
    }
    String ordering = (String) settings.remove("ordering");
    String interval = (String) settings.remove("commit.interval.ms");
    String mode = (String) settings.remove("commit.mode");
    String release = (String) settings.remove("release");

    var options = ParallelConsumerOptions.<byte[], byte[]>builder().consumer(
        new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer()));
    if (ordering != null) options.ordering(ParallelConsumerOptions.ProcessingOrder.valueOf(ordering));
    if (interval != null) options.commitInterval(Duration.ofMillis(Long.parseLong(interval)));
    if (mode != null) options.commitMode(ParallelConsumerOptions.CommitMode.valueOf(mode));
    ParallelStreamProcessor<byte[], byte[]> processor =
        ParallelStreamProcessor.createEosStreamProcessor(options.build());
    processor.subscribe(List.of(arguments[1]));
    processor.poll(context -> work(context.getSingleConsumerRecord(), release == null ? null : Path.of(release)));
  }

  static void work(ConsumerRecord<byte[], byte[]> record, Path release) {
    String place = record.partition() + " " + record.offset();
    String value = record.value() == null ? "" : new String(record.value(), StandardCharsets.UTF_8);
    boolean slow = value.contains("slow");
    if (release != null && (slow || value.contains("bad"))) {
      System.out.println("begun " + place);
      while (!Files.exists(release)) {
        if (!slow) throw new IllegalStateException("not yet");
        pause();
      }
    }
    System.out.println("processed " + place);
  }

  static void pause() {
    try {
      Thread.sleep(20);
    } catch (InterruptedException end) {
      throw new IllegalStateException(end);
    }
  }
}
