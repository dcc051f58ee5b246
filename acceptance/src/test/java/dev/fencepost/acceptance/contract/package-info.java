/** That the written contract and the tests that show it belong together. */
package dev.fencepost.acceptance.contract;
