/** JMH benchmarks of single operations: time and allocation of each part. */
package dev.fencepost.benchmarks.jmh;
