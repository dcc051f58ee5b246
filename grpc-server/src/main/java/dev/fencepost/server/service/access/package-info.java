/** Who a caller is and what it may do, asked by all services. Off without settings. */
@NullMarked
package dev.fencepost.server.service.access;

import org.jspecify.annotations.NullMarked;
