/** The behaviours of Spring Integration's own registry tests, on servers with real stores. */
package dev.fencepost.spring.integration;
