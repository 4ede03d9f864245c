"""Sending one e-mail: SMTP, in a thread, because it takes as long as the mail server likes."""

from __future__ import annotations

import logging
import smtplib
import threading
import time
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from vizclient.simulator.messenger import Message, Outcome

_log = logging.getLogger(__name__)

_TIMEOUT: Final = 10.0
_SENDER: Final = "building@vizclient.example"
_PERMANENT: Final = 500
_START_INPUT: Final = 354

Ended = Callable[[str, Outcome, float], None]


class Mailer:
    """Sends to the mail server at `host`:`port`.

    `ended` is called in the thread, as soon as the outcome is known, with the key, the outcome and the unix time.
    """

    def __init__(self, host: str, port: int, ended: Ended) -> None:
        self._address = (host, port)
        self._ended = ended
        self._thread: threading.Thread | None = None

    def start(self, message: Message, date: datetime, server: str, may: Callable[[], bool]) -> None:
        """Send it, without waiting. `may` is asked at the last moment before the message counts as handed over."""
        self._thread = threading.Thread(target=self._run, args=(message, date, server, may), name="mail", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Give what is under way a moment."""
        if self._thread is not None:
            self._thread.join(timeout=1.0)

    def _run(self, message: Message, date: datetime, server: str, may: Callable[[], bool]) -> None:
        outcome = Outcome.FAILED
        try:
            mail = _mail(message, date, server)
            # smtplib would ask for the name of this computer, which may take long
            with smtplib.SMTP(*self._address, local_hostname="localhost", timeout=_TIMEOUT) as smtp:
                outcome = self._send(smtp, message, mail, may)
                self._ended(message.key, outcome, time.time())  # before QUIT, which says nothing new
            return
        except smtplib.SMTPResponseException as error:
            refused = error.smtp_code >= _PERMANENT
            outcome = Outcome.REFUSED if refused else Outcome.FAILED
            _log.warning("the mail server answered %s to %s", error.smtp_code, message.subject)
        except (ValueError, UnicodeError) as error:  # an address or a subject that no mail can have
            outcome = Outcome.REFUSED
            _log.warning("no mail can be made of %s: %s", message.subject, error)
        except (OSError, smtplib.SMTPException) as error:
            _log.warning("could not send %s: %s", message.subject, error)
        self._ended(message.key, outcome, time.time())

    def _send(self, smtp: smtplib.SMTP, message: Message, mail: bytes, may: Callable[[], bool]) -> Outcome:
        """The steps of SMTP one by one: smtplib's own way offers no moment before the end of the data."""
        smtp.ehlo_or_helo_if_needed()
        for code, reply in (smtp.mail(_SENDER), smtp.rcpt(message.recipient)):
            _expect(code, reply, 250, 251)
        _expect(*smtp.docmd("DATA"), _START_INPUT)
        smtp.send(mail)
        if not may():
            smtp.close()  # without the last dot there was no message
            return Outcome.FAILED
        try:
            smtp.send(b".\r\n")
            answer = smtp.getreply()
        except OSError:
            return Outcome.DOUBTFUL
        _expect(*answer, 250)
        return Outcome.SENT


def _expect(code: int, reply: bytes, *wanted: int) -> None:
    if code not in wanted:
        raise smtplib.SMTPResponseException(code, reply)


def _mail(message: Message, date: datetime, server: str) -> bytes:
    """The data of the message, with dots doubled, but for the last one."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = _SENDER, message.recipient, message.subject
    mail["Date"] = format_datetime(date)
    mail["Message-ID"] = f"<{message.key}@vizclient.example>"
    again = "\nThis message may have been sent before." if message.again else ""
    mail.set_content(f"{message.text}\nSent by the {server} server.{again}\n")
    data = mail.as_bytes()
    return (b"." + data if data.startswith(b".") else data).replace(b"\r\n.", b"\r\n..")
