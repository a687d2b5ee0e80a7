// Prints what Kafka's own classes say, for what is written by hand in src/wire.
//
//   java -cp '.cache/kafka-4.4.0/*' tests/wiregen/KafkaFacts.java murmur2 > src/wire/testdata/murmur2.txt
//   java -cp '.cache/kafka-4.4.0/*' tests/wiregen/KafkaFacts.java errors
//
// murmur2: a line per key, the key in hex ("-" for the empty one), its hash and
// its partition among 3, 50 and 1000. errors: a line per error code.

import java.util.HexFormat;
import java.util.Random;

import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.utils.Utils;

public class KafkaFacts {
    public static void main(String[] arguments) {
        switch (arguments[0]) {
            case "murmur2" -> murmur2();
            case "errors" -> errors();
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    private static void murmur2() {
        Random random = new Random(20);
        for (int i = 0; i < 600; i++) {
            byte[] key = new byte[i < 40 ? i : random.nextInt(48)];
            random.nextBytes(key);
            String hex = key.length == 0 ? "-" : HexFormat.of().formatHex(key);
            System.out.printf("%s %08x %d %d %d%n", hex, Utils.murmur2(key),
                BuiltInPartitioner.partitionForKey(key, 3), BuiltInPartitioner.partitionForKey(key, 50),
                BuiltInPartitioner.partitionForKey(key, 1000));
        }
    }

    private static void errors() {
        for (Errors error : Errors.values()) {
            System.out.println(error.code() + " " + error.name());
        }
    }
}
