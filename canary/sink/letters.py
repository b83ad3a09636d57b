"""Letters in any case become capitals, as the wire means it."""


def upper(text: str) -> str:
    """Return ASCII text in capitals, and any other as it is.

    Keywords are ASCII (RFC 5321 section 2.4). Unicode has more letters whose capital is an S or an I (U+017F,
    U+0131); to a mail host they are none.
    """
    return text.upper() if text.isascii() else text
