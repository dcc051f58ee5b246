/** Migrations of one database by several processes. */
package dev.fencepost.liquibase;
