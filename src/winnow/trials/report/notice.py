"""What every report states."""

NOTICE = (
    "Research use. Decision support for trained staff who check every answer against its quoted words; not a medical "
    "device. The order is a worklist, never a verdict of eligibility: nobody is excluded automatically, and a trial "
    "with a conflict is only ranked lower."
)
