// Writes to Redis over its Unix socket: enough for what the chain's stages remember.
//
// A stage must know that its note is there before it commits, so every write waits for
// the reply; several commands share one wait.
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

final class Redis {
  private final InputStream in;
  private final OutputStream out;

  Redis(String socket) {
    try {
      SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      channel.connect(UnixDomainSocketAddress.of(socket));
      in = new BufferedInputStream(Channels.newInputStream(channel));
      out = Channels.newOutputStream(channel);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  // Returns when Redis has done all of them. Throws where it has not.
  synchronized void write(String[]... commands) {
    try {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      for (String[] command : commands) {
        bytes.writeBytes(("*" + command.length + "\r\n").getBytes(StandardCharsets.UTF_8));
        for (String word : command) {
          byte[] text = word.getBytes(StandardCharsets.UTF_8);
          bytes.writeBytes(("$" + text.length + "\r\n").getBytes(StandardCharsets.UTF_8));
          bytes.writeBytes(text);
          bytes.writeBytes("\r\n".getBytes(StandardCharsets.UTF_8));
        }
      }
      out.write(bytes.toByteArray());
      for (int i = 0; i < commands.length; i++) {
        String reply = line();
        if (!reply.startsWith(":") && !reply.startsWith("+")) throw new IOException("Redis: " + reply);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String line() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0) throw new IOException("Redis has gone");
      if (c != '\r') bytes.write(c);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
