// A consumer that acks each record over HTTP.
//   java -cp 'kafka-clients-4.4.0.jar:…' Views.java BOOTSTRAP TOPIC GROUP GATEWAY-URL
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.StringDeserializer;

public class Views {
  static void work(String value) {
    if (value.equals("bad")) throw new IllegalArgumentException("a view needs a page");
    System.out.println("viewed " + value);
  }

  public static void main(String[] arguments) throws Exception {
    String topic = arguments[1], group = arguments[2];
    URI acks = URI.create(arguments[3] + "/acks");
    HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    try (var consumer = new KafkaConsumer<String, String>(
        Map.of("bootstrap.servers", arguments[0], "group.id", group, "auto.offset.reset", "earliest",
            "enable.auto.commit", "false"),
        new StringDeserializer(), new StringDeserializer())) {
      consumer.subscribe(List.of(topic));
      while (true) {
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(1))) {
          String outcome = "processed", reason = "";
          try {
            work(record.value());
          } catch (RuntimeException error) {
            outcome = "failed";
            reason = error.toString().replaceAll("[^ -~]|[\"\\\\]", "?");  // so that it is JSON, whatever it says
          }
          String ack = """
              {"consumer": "%s", "topic": "%s", "partition": %d, "offset": %d, "outcome": "%s", "reason": "%.400s"}
              """.formatted(group, topic, record.partition(), record.offset(), outcome, reason);
          var request = HttpRequest.newBuilder(acks).header("Content-Type", "application/json")
              .POST(HttpRequest.BodyPublishers.ofString(ack)).build();
          var answer = http.send(request, BodyHandlers.ofString());
          if (answer.statusCode() != 204) throw new IllegalStateException(answer.body());
        }
        consumer.commitSync();  // where a restart goes on; no longer what publishers wait for
      }
    }
  }
}
