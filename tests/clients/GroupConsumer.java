// An ordinary Java group consumer: poll, work, commitSync.
//   java -cp '.cache/kafka-4.4.0/*' GroupConsumer.java BOOTSTRAP TOPIC GROUP classic|consumer [SETTING=VALUE…]
// With enable.auto.commit=true it leaves commits to the library.
// Prints `ready`, then `processed PARTITION OFFSET id=TIDEMARK-ID` for each record before its commit.
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

public class GroupConsumer {
  public static void main(String[] arguments) throws Exception {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", arguments[0]);
    settings.put("group.id", arguments[2]);
    settings.put("group.protocol", arguments[3]);
    settings.put("enable.auto.commit", "false");
    settings.put("auto.offset.reset", "earliest");
    for (int i = 4; i < arguments.length; i++) {
      String[] setting = arguments[i].split("=", 2);
      settings.put(setting[0], setting[1]);
    }
    boolean commits = settings.get("enable.auto.commit").equals("false");
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
    try (consumer) {
      run(consumer, arguments[1], commits);
    } catch (WakeupException end) {
      // SIGTERM: close() leaves the group.
    }
  }

  static void run(KafkaConsumer<byte[], byte[]> consumer, String topic, boolean commits) {
    boolean[] assigned = {false};
    consumer.subscribe(List.of(topic), new ConsumerRebalanceListener() {
      public void onPartitionsRevoked(Collection<TopicPartition> partitions) {}
      public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        assigned[0] = !partitions.isEmpty();
      }
    });
    boolean ready = false;
    while (true) {
      ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(100));
      if (!ready && assigned[0]) {
        for (TopicPartition partition : consumer.assignment()) consumer.position(partition);
        System.out.println("ready");
        ready = true;
      }
      for (ConsumerRecord<byte[], byte[]> record : records) {
        Header id = record.headers().lastHeader("tidemark-id");
        System.out.println("processed " + record.partition() + " " + record.offset() + " id="
            + (id == null ? "" : new String(id.value(), StandardCharsets.UTF_8)));
      }
      if (commits && !records.isEmpty()) consumer.commitSync();
    }
  }
}
