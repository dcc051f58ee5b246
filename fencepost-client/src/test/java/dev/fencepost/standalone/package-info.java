/** The finished jar in a build that has other versions of everything in it. */
package dev.fencepost.standalone;
