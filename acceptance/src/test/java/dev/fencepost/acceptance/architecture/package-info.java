/** The arrows between the modules, held over their compiled classes. */
package dev.fencepost.acceptance.architecture;
