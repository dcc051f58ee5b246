/** Single operations under JMH: time and allocation of the parts, one beside the other. */
package dev.fencepost.benchmarks.jmh;
