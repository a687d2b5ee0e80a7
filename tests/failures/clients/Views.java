// Java, KIP-848: notes each record in the ledger (relay.py says its form), then commitSync.
//   java -cp '.cache/failures:.cache/kafka-4.4.0/*' Views BOOTSTRAP TOPIC GROUP REDIS
// Prints `ready` once partitions are assigned; ends on SIGTERM, leaving the group, and with 1 on what it cannot mend.
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

public class Views {
  public static void main(String[] arguments) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", arguments[0]);
    settings.put("group.id", arguments[2]);
    settings.put("group.protocol", "consumer");
    settings.put("enable.auto.commit", "false");
    settings.put("auto.offset.reset", "earliest");
    settings.put("request.timeout.ms", "8000");
    settings.put("default.api.timeout.ms", "10000");
    KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    Thread main = Thread.currentThread();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      consumer.wakeup();
      try {
        main.join(10_000);
      } catch (InterruptedException ignored) {
        // The JVM is ending either way.
      }
    }));
    int code = 0;
    try (consumer) {
      run(consumer, arguments[1], arguments[2], new Redis(arguments[3]));
    } catch (WakeupException end) {
      return;  // SIGTERM: close() has left the group.
    } catch (RuntimeException failure) {
      failure.printStackTrace();
      code = 1;
    }
    Runtime.getRuntime().halt(code);
  }

  static void run(KafkaConsumer<byte[], byte[]> consumer, String topic, String group, Redis redis) {
    consumer.subscribe(List.of(topic), new ConsumerRebalanceListener() {
      public void onPartitionsRevoked(Collection<TopicPartition> partitions) {}
      public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        if (!partitions.isEmpty()) System.out.println("ready");
      }
    });
    while (true) {
      ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(100));
      if (records.isEmpty()) continue;
      List<String> command = new ArrayList<>(List.of("RPUSH", "ledger"));
      for (ConsumerRecord<byte[], byte[]> record : records) {
        Header id = record.headers().lastHeader("tidemark-id");
        command.add("done " + group + " " + topic + " " + record.partition() + " " + record.offset() + " "
            + (id == null ? "-" : new String(id.value(), StandardCharsets.UTF_8)));
      }
      redis.write(command.toArray(new String[0]));
      try {
        consumer.commitSync();
      } catch (CommitFailedException | RebalanceInProgressException | RetriableException refusal) {
        // The next batch's commit covers this one, or whoever has the partition now does it again.
        System.err.println("commit refused: " + refusal);
      }
    }
  }
}
