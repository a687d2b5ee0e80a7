// Run with KAFKA, TIDEMARK_URL, TOPIC and GROUP in the environment. No test sleeps or polls:
// each says once that it wants to see what it wrote.
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class TotalsTest {
  static final String TOPIC = of("TOPIC", "orders");
  static final URI WAITS = URI.create(of("TIDEMARK_URL", "http://localhost:8750") + "/waits?wait=30s");
  static final HttpClient HTTP = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  static KafkaProducer<String, String> producer;
  static Totals service;

  static String of(String variable, String otherwise) {
    return System.getenv().getOrDefault(variable, otherwise);
  }

  @BeforeAll
  static void start() {
    String kafka = of("KAFKA", "localhost:9092");
    service = new Totals(kafka, TOPIC, of("GROUP", "totals"));
    producer = new KafkaProducer<>(
        Map.of("bootstrap.servers", kafka), new StringSerializer(), new StringSerializer());
  }

  @AfterAll
  static void end() throws Exception {
    producer.close();
    service.close();
  }

  // Returns when every consumer has processed all that is in the topic now; else the answer says who has not.
  static void settle() throws Exception {
    producer.flush();
    HttpRequest request = HttpRequest.newBuilder(WAITS).header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString("{\"topics\": [\"" + TOPIC + "\"]}")).build();
    HttpResponse<String> answer = HTTP.send(request, BodyHandlers.ofString());
    assertEquals(200, answer.statusCode(), answer.body());
  }

  static void order(String customer, int amount) {
    producer.send(new ProducerRecord<>(TOPIC, customer, customer + " " + amount));
  }

  @Test
  void ordersAreAddedUp() throws Exception {
    for (int amount = 1; amount <= 20; amount++) order("ann", amount);
    settle();
    assertEquals(210, service.totals.get("ann"));
  }

  @Test
  void customersAreApart() throws Exception {
    order("bob", 5);
    order("cid", 7);
    order("bob", 6);
    settle();
    assertEquals(11, service.totals.get("bob"));
    assertEquals(7, service.totals.get("cid"));
  }

  @Test
  void nobodyIsMadeUp() throws Exception {
    settle();  // nothing new was written: nothing to wait for
    assertNull(service.totals.get("eve"));
  }
}
