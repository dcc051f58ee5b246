/**
 * The rules file: who may do what on which names. Pure values and functions; nothing here listens,
 * calls a store or starts a thread. Read {@code RulesParser}, then {@code AccessRules}.
 */
@NullMarked
package dev.fencepost.server.security;

import org.jspecify.annotations.NullMarked;
