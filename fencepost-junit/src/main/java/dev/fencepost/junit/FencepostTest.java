package dev.fencepost.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Starts a server in memory for the tests of a class. Parameters of type {@link LockTestServer} and
 * {@link dev.fencepost.client.FencepostClient} are filled in. See {@link FencepostExtension}.
 */
@Documented
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.ANNOTATION_TYPE})
@ExtendWith(FencepostExtension.class)
public @interface FencepostTest {}
