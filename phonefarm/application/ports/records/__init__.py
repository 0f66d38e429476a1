"""The records that a unit of work reads and changes: a file for each subject, a protocol for each consumer.

A protocol would stand beside the use case that needs it, but for the circle: every use case takes a `UnitOfWork`,
the `UnitOfWork` offers every protocol, and the rooms of the use cases lie above this one (`messages` would import
`ports`, and `ports` would import `messages`). So the protocols stand here, and each names its consumer. The last class
of a file, which the storage implements, is what the `UnitOfWork` offers of the subject.

These rules hold for all of them:

- Times are aware UTC datetimes. Identifiers are those of `domain.ids`. Sums are Decimal roubles.
- What concerns a handset takes any of its `PhoneId`s: the records of a handset follow it to another adb server.
- A record that does not exist is None or an empty collection to a reader, and a change to it does nothing.
- The methods raise nothing of their own. A database that fails ends the unit of work: nothing of it is committed, and
  its caller gets `StorageFailing`. A constraint that refuses a record (an id twice) is a bug of ours: the caller gets
  the driver's error.
- A bool that a change returns says whether the record is different now.
"""
