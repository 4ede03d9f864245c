from __future__ import annotations

from typing import Any

import pytest
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_to_binary

from vizclient.items.ports import ServiceFault
from vizclient.opcua.errors import ChannelLost
from vizclient.opcua.subscription import Numbering, Publisher, Subscription
from vizclient.redundancy.model import ProblemKind


def test_consecutive_notifications_are_complete() -> None:
    numbering = Numbering()
    assert [numbering.accept(number, keep_alive=False) for number in (1, 2, 3)] == [True, True, True]


def test_a_keep_alive_announces_the_next_number_and_does_not_use_it() -> None:
    numbering = Numbering()
    assert numbering.accept(1, keep_alive=True)
    assert numbering.accept(1, keep_alive=False)
    assert numbering.accept(2, keep_alive=True)
    assert numbering.accept(2, keep_alive=False)


@pytest.mark.parametrize("keep_alive", [False, True])
def test_a_skipped_number_is_told_once(keep_alive: bool) -> None:
    numbering = Numbering()
    assert numbering.accept(1, keep_alive=False)
    assert not numbering.accept(3, keep_alive=keep_alive)
    assert numbering.accept(3 if keep_alive else 4, keep_alive=False)


def test_a_loss_before_the_first_notification_is_noticed() -> None:
    assert not Numbering().accept(2, keep_alive=False)


def test_numbers_start_again_at_one_after_the_last() -> None:
    numbering = Numbering()
    numbering.accept(0xFFFF_FFFF, keep_alive=False)
    assert numbering.accept(1, keep_alive=False)


class Wire:
    """The part of a channel that a publisher uses: remembers what was sent."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.waiting: list[Any] = []
        self.gone = False

    def send(self, request: Any, answered: Any, hint: float = 0.0) -> int:
        if self.gone:
            raise ChannelLost(ProblemKind.LOST)
        self.sent.append(request)
        self.waiting.append(answered)
        return len(self.sent)

    def answer(self, answer: Any) -> None:
        self.waiting.pop(0)(answer)


class Scene:
    """A publisher that feeds one subscription, id 7."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.batches: list[list[int]] = []
        self.gaps = 0
        self.lost: list[int] = []
        self.publisher = Publisher(self.wire, self.lost.append)  # type: ignore[arg-type]
        self.subscription = Subscription(
            self.wire,  # type: ignore[arg-type]
            0.1,
            1.0,
            lambda items: self.batches.append([item.Value.Value.Value for item in items]),
            self._gap,
            most=200,
            keep_alive=1.0,
        )
        self.subscription.id = 7
        self.publisher.add(self.subscription)

    def _gap(self) -> None:
        self.gaps += 1


def _published(number: int, *values: float, subscription: int = 7) -> Buffer:
    response = ua.PublishResponse()
    response.Parameters.SubscriptionId = subscription
    response.Parameters.AvailableSequenceNumbers = [number]
    response.Parameters.NotificationMessage.SequenceNumber = number
    if values:
        change = ua.DataChangeNotification()
        change.MonitoredItems = [
            ua.MonitoredItemNotification(index, ua.DataValue(ua.Variant(value))) for index, value in enumerate(values)
        ]
        response.Parameters.NotificationMessage.NotificationData = [change]
    return Buffer(struct_to_binary(response))


def _fault(status: int) -> Buffer:
    fault = ua.ServiceFault()
    fault.ResponseHeader.ServiceResult = ua.StatusCode(status)
    return Buffer(struct_to_binary(fault))


def _acknowledged(scene: Scene) -> list[int]:
    return [
        one.SequenceNumber for request in scene.wire.sent for one in request.Parameters.SubscriptionAcknowledgements
    ]


def test_several_publish_requests_are_outstanding_and_each_answer_is_followed_by_one() -> None:
    scene = Scene()
    assert len(scene.wire.waiting) == 3
    scene.wire.answer(_published(1, 1.0))
    assert len(scene.wire.waiting) == 3


def test_a_response_is_one_batch_and_is_acknowledged_with_the_next_request() -> None:
    scene = Scene()
    scene.wire.answer(_published(1, 1.0, 2.0))
    scene.wire.answer(_published(2))  # a keep-alive needs no acknowledgement
    scene.wire.answer(_published(2, 3.0))
    assert scene.batches == [[1.0, 2.0], [3.0]]
    assert _acknowledged(scene) == [1, 2]
    assert scene.gaps == 0


def test_a_response_that_cannot_be_decoded_is_a_gap_and_only_one() -> None:
    scene = Scene()
    scene.wire.answer(_published(1, 1.0))
    whole = bytes(_published(2, 1.0))
    scene.wire.answer(Buffer(whole[:-6]))
    assert scene.gaps == 1
    scene.wire.answer(_published(3, 3.0))
    assert (scene.gaps, scene.batches) == (1, [[1.0], [3.0]])
    assert _acknowledged(scene) == [1, 2, 3]


def test_a_response_given_up_midway_is_a_gap() -> None:
    scene = Scene()
    scene.wire.answer(ServiceFault(0x80B90000))
    assert scene.gaps == 1
    assert len(scene.wire.waiting) == 3


def test_notifications_of_another_subscription_are_dropped() -> None:
    scene = Scene()
    scene.wire.answer(_published(5, 1.0, subscription=8))
    assert (scene.batches, scene.gaps) == ([], 0)


def test_a_receiver_that_fails_does_not_stop_the_flow() -> None:
    scene = Scene()
    scene.subscription._deliver = lambda items: 1 / 0  # type: ignore[assignment]
    scene.wire.answer(_published(1, 1.0))
    assert len(scene.wire.waiting) == 3


def test_a_server_that_takes_fewer_publish_requests_gets_fewer() -> None:
    scene = Scene()
    scene.wire.answer(_fault(0x80780000))
    assert len(scene.wire.waiting) == 2
    scene.wire.answer(_published(1, 1.0))
    assert len(scene.wire.waiting) == 2


def test_a_server_without_subscriptions_has_lost_ours() -> None:
    scene = Scene()
    scene.wire.answer(_fault(0x80790000))
    assert scene.subscription.dead
    assert len(scene.wire.waiting) == 2


def test_a_session_that_is_gone_is_told() -> None:
    scene = Scene()
    scene.wire.answer(_fault(0x80250000))
    assert scene.lost == [0x80250000]


def test_a_status_change_ends_the_subscription() -> None:
    scene = Scene()
    message = ua.NotificationMessage()
    message.SequenceNumber = 1
    message.NotificationData = [ua.StatusChangeNotification(Status=ua.StatusCode(0x800A0000))]
    scene.subscription.take(message)
    assert scene.subscription.dead


def test_nothing_is_sent_over_a_channel_that_is_gone() -> None:
    scene = Scene()
    scene.wire.gone = True
    for _ in range(3):
        scene.wire.answer(ChannelLost(ProblemKind.LOST))
    assert (len(scene.wire.sent), scene.gaps) == (3, 0)
