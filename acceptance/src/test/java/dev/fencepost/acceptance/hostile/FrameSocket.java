package dev.fencepost.acceptance.hostile;

import com.google.protobuf.MessageLite;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * A connection on which each frame of HTTP/2 (RFC 9113) is written by hand. It answers pings and
 * respects the window of the connection. One thread writes; another reads.
 */
final class FrameSocket implements Closeable {
  /** An address of this machine that the good client does not use. */
  static final String ATTACKER = "127.0.0.2";

  private static final byte[] PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final int DATA = 0;
  private static final int HEADERS = 1;
  private static final int RST_STREAM = 3;
  private static final int SETTINGS = 4;
  private static final int PING = 6;
  private static final int WINDOW_UPDATE = 8;
  private static final int ACK = 1;
  private static final int END_STREAM = 1;
  private static final int END_HEADERS = 4;
  private static final int CANCEL = 8;
  private static final int FIRST_WINDOW = 65_535;
  private static final int FRAME_BYTES = 16_384;
  private static final int CONNECT_MILLIS = 10_000;
  private static final long PATIENCE_SECONDS = 30;

  private final Socket socket;
  private final OutputStream out;
  private final Thread reader;
  private int lastStream = -1;
  private long window = FIRST_WINDOW;
  private long endedStreams;
  private boolean hasSettings;
  private boolean isClosed;
  private volatile boolean isDeaf;

  private FrameSocket(Socket socket) throws IOException {
    this.socket = socket;
    this.out = socket.getOutputStream();
    this.reader = new Thread(this::read, "frame-socket");
    reader.setDaemon(true);
  }

  /** Connects without sending anything. */
  static Socket connect(int port) throws IOException {
    Socket socket = new Socket();
    socket.bind(new InetSocketAddress(ATTACKER, 0));
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), CONNECT_MILLIS);
    return socket;
  }

  /** Connects, sends preface and settings, and waits for those of the server. */
  static FrameSocket open(int port) throws IOException, InterruptedException {
    FrameSocket opened = new FrameSocket(connect(port));
    opened.out.write(PREFACE);
    opened.frame(SETTINGS, 0, 0, new byte[0]);
    opened.reader.start();
    opened.await(() -> opened.hasSettings);
    return opened;
  }

  /** Grants no more window for messages of the server, as a client that reads nothing. */
  void stopReading() {
    isDeaf = true;
  }

  /** Opens a stream for a call. */
  int call(String method) throws IOException {
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    header(block, ":method", "POST");
    header(block, ":scheme", "http");
    header(block, ":path", "/" + method);
    header(block, ":authority", "locks");
    header(block, "content-type", "application/grpc");
    header(block, "te", "trailers");
    lastStream += 2;
    frame(HEADERS, END_HEADERS, lastStream, block.toByteArray());
    return lastStream;
  }

  /** Begins headers that never end. */
  void callWithoutEnd() throws IOException {
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    header(block, ":method", "POST");
    lastStream += 2;
    frame(HEADERS, 0, lastStream, block.toByteArray());
  }

  /** Sends a whole message. */
  void message(int stream, MessageLite message, boolean isLast)
      throws IOException, InterruptedException {
    byte[] body = message.toByteArray();
    ByteBuffer framed = ByteBuffer.allocate(5 + body.length).put((byte) 0).putInt(body.length);
    bytes(stream, framed.put(body).array(), isLast);
  }

  /** Announces a message of this length and sends one byte less. */
  void messageWithoutEnd(int stream, int length) throws IOException, InterruptedException {
    ByteBuffer framed = ByteBuffer.allocate(4 + length).put((byte) 0).putInt(length);
    bytes(stream, framed.array(), false);
  }

  /** Announces a message of this length and sends all but one byte of it, one byte a frame. */
  void messageInBytes(int stream, int length) throws IOException, InterruptedException {
    bytes(stream, ByteBuffer.allocate(4 + length).put((byte) 0).putInt(length).array(), false, 1);
  }

  private void bytes(int stream, byte[] bytes, boolean isLast)
      throws IOException, InterruptedException {
    bytes(stream, bytes, isLast, FRAME_BYTES);
  }

  private void bytes(int stream, byte[] bytes, boolean isLast, int frameBytes)
      throws IOException, InterruptedException {
    for (int from = 0; from < bytes.length; from += frameBytes) {
      int to = Math.min(bytes.length, from + frameBytes);
      int length = to - from;
      await(() -> window >= length);
      synchronized (this) {
        window -= length;
      }
      byte[] part = Arrays.copyOfRange(bytes, from, to);
      frame(DATA, isLast && to == bytes.length ? END_STREAM : 0, stream, part);
    }
  }

  /** Cancels a stream. */
  void reset(int stream) throws IOException {
    frame(RST_STREAM, 0, stream, ByteBuffer.allocate(4).putInt(CANCEL).array());
  }

  /** Returns the number of streams that the server has ended. */
  synchronized long endedStreams() {
    return endedStreams;
  }

  /** Returns true once the server has closed the connection. */
  synchronized boolean isClosed() {
    return isClosed;
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void header(ByteArrayOutputStream block, String name, String value) {
    // A literal header field without indexing and with a new name: RFC 7541, section 6.2.2.
    block.write(0);
    block.write(name.length());
    block.writeBytes(name.getBytes(StandardCharsets.US_ASCII));
    block.write(value.length());
    block.writeBytes(value.getBytes(StandardCharsets.US_ASCII));
  }

  private void frame(int type, int flags, int stream, byte[] payload) throws IOException {
    ByteBuffer frame = ByteBuffer.allocate(9 + payload.length);
    frame.put((byte) (payload.length >> 16)).putShort((short) payload.length);
    frame.put((byte) type).put((byte) flags).putInt(stream).put(payload);
    synchronized (out) {
      out.write(frame.array());
    }
  }

  private interface Check {
    boolean holds();
  }

  private synchronized void await(Check check) throws IOException, InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (!check.holds()) {
      long left = end - System.nanoTime();
      if (isClosed || left <= 0) {
        throw new IOException(isClosed ? "the server closed the connection" : "no window");
      }
      TimeUnit.NANOSECONDS.timedWait(this, left);
    }
  }

  private void read() {
    try {
      DataInputStream in = new DataInputStream(socket.getInputStream());
      while (true) {
        int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
        int type = in.readUnsignedByte();
        int flags = in.readUnsignedByte();
        int stream = in.readInt();
        byte[] payload = in.readNBytes(length);
        onFrame(type, flags, stream, payload);
      }
    } catch (IOException e) {
      synchronized (this) {
        isClosed = true;
        notifyAll();
      }
    }
  }

  private void onFrame(int type, int flags, int stream, byte[] payload) throws IOException {
    if (type == SETTINGS && (flags & ACK) == 0) {
      frame(SETTINGS, ACK, 0, new byte[0]);
    } else if (type == PING && (flags & ACK) == 0) {
      frame(PING, ACK, 0, payload);
    } else if (type == DATA && payload.length > 0 && !isDeaf) {
      byte[] more = ByteBuffer.allocate(4).putInt(payload.length).array();
      frame(WINDOW_UPDATE, 0, 0, more);
      frame(WINDOW_UPDATE, 0, stream, more);
    }
    synchronized (this) {
      hasSettings |= type == SETTINGS;
      if (type == WINDOW_UPDATE && stream == 0) {
        window += ByteBuffer.wrap(payload).getInt();
      }
      if (type == RST_STREAM || (type <= HEADERS && (flags & END_STREAM) != 0)) {
        endedStreams++;
      }
      notifyAll();
    }
  }
}
