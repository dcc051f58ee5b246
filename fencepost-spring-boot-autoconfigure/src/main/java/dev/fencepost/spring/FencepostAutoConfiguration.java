package dev.fencepost.spring;

import dev.fencepost.client.ClientBuilder;
import dev.fencepost.client.ClientMetrics;
import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.MicrometerMetrics;
import io.micrometer.core.instrument.MeterRegistry;
import javax.sql.DataSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Role;
import org.springframework.core.env.Environment;

/** Makes the client, its health and the advice of {@link FencepostLock}. */
@AutoConfiguration
@EnableConfigurationProperties(FencepostProperties.class)
@Import(ProxyCreatorRegistrar.class)
public final class FencepostAutoConfiguration {

  /** Reads the address from the properties, unless there is another bean. */
  @Bean
  @ConditionalOnMissingBean
  FencepostConnectionDetails fencepostConnectionDetails(FencepostProperties properties) {
    return properties::target;
  }

  /**
   * Makes the client. It connects in the background. Closing it, which the context does at its end,
   * releases the locks that are held.
   */
  @Bean(destroyMethod = "close")
  @ConditionalOnMissingBean
  FencepostClient fencepostClient(
      FencepostConnectionDetails connection,
      FencepostProperties properties,
      Environment environment,
      ObjectProvider<ClientMetrics> metrics) {
    ClientBuilder builder =
        FencepostClient.builder(connection.target())
            .callTimeout(properties.callTimeout())
            .metadata(properties.metadata())
            .metrics(metrics.getIfAvailable(() -> ClientMetrics.NONE));
    if (properties.ttl() != null) {
      builder.ttl(properties.ttl());
    }
    if (properties.bearerFile() != null) {
      builder.bearerFile(properties.bearerFile());
    }
    properties.tls().clientTls().ifPresent(builder::tls);
    String service =
        properties.service().isEmpty()
            ? environment.getProperty("spring.application.name", "")
            : properties.service();
    if (!service.isEmpty()) {
      builder.service(service);
    }
    return builder.build();
  }

  /** Takes the lock around the methods, outside of their transactions. */
  @Bean
  @Role(BeanDefinition.ROLE_INFRASTRUCTURE)
  static FencepostLockAdvisor fencepostLockAdvisor(
      ObjectProvider<FencepostClient> client, ObjectProvider<TransactionFence> fence) {
    return new FencepostLockAdvisor(client, fence);
  }

  /** Fences the transactions of locked methods. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnProperty("fencepost.fence-table")
  static final class FenceConfiguration {
    @Bean
    TransactionFence fencepostTransactionFence(
        FencepostProperties properties, ObjectProvider<DataSource> source) {
      return new TransactionFence(properties.fenceTable(), source);
    }
  }

  /** Refuses commits of a thread whose lock is lost. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(name = "org.springframework.transaction.ConfigurableTransactionManager")
  static final class TransactionConfiguration {
    @Bean
    @Role(BeanDefinition.ROLE_INFRASTRUCTURE)
    static CommitGuardInstaller fencepostCommitGuardInstaller(
        ObjectProvider<TransactionFence> fence) {
      return new CommitGuardInstaller(fence);
    }
  }

  /** Counts in the application's registry of meters. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(name = "io.micrometer.core.instrument.MeterRegistry")
  static final class MetricsConfiguration {
    @Bean
    @ConditionalOnMissingBean
    ClientMetrics fencepostClientMetrics(ObjectProvider<MeterRegistry> registry) {
      MeterRegistry meters = registry.getIfAvailable();
      return meters == null ? ClientMetrics.NONE : MicrometerMetrics.of(meters);
    }
  }

  /** Health in Spring Boot 3. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(name = "org.springframework.boot.actuate.health.HealthIndicator")
  static final class Boot3HealthConfiguration {
    @Bean
    @ConditionalOnMissingBean(name = "fencepostHealthIndicator")
    Boot3HealthIndicator fencepostHealthIndicator(FencepostClient client) {
      return new Boot3HealthIndicator(client);
    }
  }

  /** Health in Spring Boot 4. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(name = "org.springframework.boot.health.contributor.HealthIndicator")
  static final class Boot4HealthConfiguration {
    @Bean
    @ConditionalOnMissingBean(name = "fencepostHealthIndicator")
    Boot4HealthIndicator fencepostHealthIndicator(FencepostClient client) {
      return new Boot4HealthIndicator(client);
    }
  }
}
