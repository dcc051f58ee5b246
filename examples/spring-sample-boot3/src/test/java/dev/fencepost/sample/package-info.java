/** An application with locked methods. The same source runs on Spring Boot 3 and 4. */
package dev.fencepost.sample;
