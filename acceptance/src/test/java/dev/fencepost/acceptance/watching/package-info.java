/** Who watches ends with the truth, however much happened and however slowly they read. */
package dev.fencepost.acceptance.watching;
