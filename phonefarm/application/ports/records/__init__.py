"""The records that a unit of work reads and changes: a file for each subject, a protocol for each consumer.

The protocols stand here and not beside their consumers, as that would be an import cycle: every use case imports
`UnitOfWork`, which offers every protocol. So each protocol names its consumer. The last class of a file, which the
storage implements, is what the `UnitOfWork` offers of the subject.

These rules hold for all of them:

- Times are aware UTC datetimes. Identifiers are those of `domain.ids`. Sums are Decimal roubles.
- A method about a handset takes any of its `PhoneId`s: its records follow it to another adb server.
- Reading a record that does not exist gives None or an empty collection; changing it does nothing.
- The methods raise no errors of their own. If the database fails, the unit of work is rolled back and its caller gets
  `StorageFailing`. A constraint that refuses a record (a duplicate id) shows a bug: the caller gets the driver's error.
- A bool that a change returns says whether the record is different now.
"""
