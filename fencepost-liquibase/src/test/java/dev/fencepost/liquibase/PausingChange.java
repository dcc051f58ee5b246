package dev.fencepost.liquibase;

import java.io.IOException;
import liquibase.change.custom.CustomTaskChange;
import liquibase.database.Database;
import liquibase.exception.CustomChangeException;
import liquibase.exception.ValidationErrors;
import liquibase.resource.ResourceAccessor;

/** The middle of a migration: says so, and goes on at a line of input if it is to pause. */
public final class PausingChange implements CustomTaskChange {
  static final String PAUSES = "test.pauses";

  @Override
  public void execute(Database database) throws CustomChangeException {
    System.out.println("in the middle");
    try {
      if (Boolean.getBoolean(PAUSES) && System.in.read() < 0) {
        throw new CustomChangeException("the input has ended");
      }
    } catch (IOException e) {
      throw new CustomChangeException(e);
    }
  }

  @Override
  public String getConfirmationMessage() {
    return "paused";
  }

  @Override
  public void setUp() {}

  @Override
  public void setFileOpener(ResourceAccessor resources) {}

  @Override
  public ValidationErrors validate(Database database) {
    return new ValidationErrors();
  }
}
