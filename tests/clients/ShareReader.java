// A share consumer (KIP-932) that acknowledges each record by what its value says:
// "reject" is given up, "hold" is left unanswered, all else is accepted.
//
//   java ShareReader.java BOOTSTRAP TOPIC GROUP
//
// Prints "ready" once it polls, then "VALUE" for each record.
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;

public class ShareReader {
  public static void main(String[] arguments) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", arguments[0]);
    properties.put("group.id", arguments[2]);
    properties.put("share.acknowledgement.mode", "explicit");
    properties.put("key.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
    properties.put("value.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
    try (KafkaShareConsumer<String, String> consumer = new KafkaShareConsumer<>(properties)) {
      consumer.subscribe(List.of(arguments[1]));
      System.out.println("ready");
      while (true) {
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(100))) {
          System.out.println(record.value());
          consumer.acknowledge(record, record.value().equals("reject") ? AcknowledgeType.REJECT
              : record.value().equals("hold") ? AcknowledgeType.RELEASE : AcknowledgeType.ACCEPT);
        }
        consumer.commitSync();
      }
    }
  }
}
