package dev.fencepost.spring;

import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the client.
 *
 * @param target Address of the servers: host:port, several separated by commas, or
 *     dns:///host:port. The default port is 7420.
 * @param ttl Lease of locks that name none, 2s to 24h. Default: the server's.
 * @param callTimeout Longest time without an answer, not counting waits for a lock; 100ms to 10m.
 * @param service Name of the service as people see it on a lock. Default: spring.application.name.
 * @param metadata Metadata for people who look at a lock; at most 32 entries and 4 KiB.
 */
@ConfigurationProperties("fencepost")
public record FencepostProperties(
    @DefaultValue("localhost:7420") String target,
    @Nullable Duration ttl,
    @DefaultValue("10s") Duration callTimeout,
    @DefaultValue("") String service,
    @DefaultValue Map<String, String> metadata) {}
