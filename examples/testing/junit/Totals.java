// The service under test: keeps each customer's total of orders ("CUSTOMER AMOUNT") in memory.
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;

class Totals extends Thread implements AutoCloseable {
  final Map<String, Long> totals = new ConcurrentHashMap<>();
  private final KafkaConsumer<String, String> consumer;

  Totals(String bootstrap, String topic, String group) {
    consumer = new KafkaConsumer<>(
        Map.of("bootstrap.servers", bootstrap, "group.id", group, "auto.offset.reset", "earliest",
            "enable.auto.commit", "false"),
        new StringDeserializer(), new StringDeserializer());
    consumer.subscribe(List.of(topic));
    start();
  }

  @Override
  public void run() {
    try (consumer) {
      while (true) {
        ConsumerRecords<String, String> records = consumer.poll(Duration.ofSeconds(1));
        for (ConsumerRecord<String, String> record : records) {
          String[] order = record.value().split(" ");
          Thread.sleep(20);  // what a service does takes time
          totals.merge(order[0], Long.valueOf(order[1]), Long::sum);
        }
        if (!records.isEmpty()) consumer.commitSync();
      }
    } catch (WakeupException | InterruptedException end) {
      // close() was called.
    }
  }

  @Override
  public void close() throws InterruptedException {
    consumer.wakeup();
    join();
  }
}
