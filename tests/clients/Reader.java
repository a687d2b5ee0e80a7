// Reads COUNT records of a topic from the beginning and prints what they hold.
//   java -cp '.cache/kafka-4.4.0/*' Reader.java BOOTSTRAP TOPIC COUNT
// One line each: record PARTITION OFFSET key="…" value="…" NAME="…" …, null without quotes.
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

public class Reader {
  static String quoted(byte[] bytes) {
    return bytes == null ? "null" : '"' + new String(bytes, StandardCharsets.UTF_8) + '"';
  }

  public static void main(String[] arguments) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", arguments[0]);
    settings.put("enable.auto.commit", "false");
    settings.put("isolation.level", "read_committed");
    int left = Integer.parseInt(arguments[2]);
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions = consumer.partitionsFor(arguments[1]).stream()
          .map(partition -> new TopicPartition(partition.topic(), partition.partition()))
          .collect(Collectors.toList());
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      while (left > 0) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
          StringBuilder line = new StringBuilder("record " + record.partition() + " " + record.offset());
          line.append(" key=").append(quoted(record.key())).append(" value=").append(quoted(record.value()));
          for (Header header : record.headers()) {
            line.append(' ').append(header.key()).append('=').append(quoted(header.value()));
          }
          System.out.println(line);
          left--;
        }
      }
    }
  }
}
