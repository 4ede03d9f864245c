"""Subscriptions and the Publish requests that feed them (OPC 10000-4, 5.13 and 5.14).

Several Publish requests are outstanding at a time; each response is decoded where it arrives and handed on as one
batch, without a task. Whatever gets lost on the way is noticed: numbers that are skipped, responses that cannot be decoded,
subscriptions that fall silent or that the server gives up. Knows nothing of roles, addresses or values.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import Primitives, nodeid_from_binary, struct_from_binary

from vizclient.items.ports import ServiceFault, SessionEnded
from vizclient.opcua.channel import Channel, decode
from vizclient.opcua.errors import (
    BAD_NO_SUBSCRIPTION,
    BAD_SUBSCRIPTION_ID_INVALID,
    BAD_TOO_MANY_PUBLISH_REQUESTS,
    SESSION_GONE,
    TOO_BIG,
    ChannelLost,
    Undecodable,
)

_log = logging.getLogger(__name__)
_LAST_NUMBER = 0xFFFF_FFFF
_LIFETIME = 15.0
_MOST_NOTIFICATIONS = 1000
_SPARE_REQUESTS = 2
_PAUSE = 0.5

Deliver = Callable[[Sequence[ua.MonitoredItemNotification]], None]


class Numbering:
    """The sequence numbers of one subscription: each notification bears the next, a keep-alive announces it."""

    def __init__(self) -> None:
        self._expected = 1

    def accept(self, number: int, *, keep_alive: bool) -> bool:
        """Whether nothing was lost before this message. Whatever the answer, counting goes on from here."""
        complete = number == self._expected
        self._expected = number if keep_alive else 1 if number >= _LAST_NUMBER else number + 1
        return complete


class Subscription:
    """One subscription and its monitored items, by client handle. `deliver` gets each batch, `gap` is told of losses.

    `id`: 0 until it is created. `most`: items of one request, lowered when the server proves to take fewer. `dead`: the server has ended it. `renewing`: `renew` is under way.
    It can be renewed on the server with all its items; who holds it then need not know the new id.
    """

    def __init__(
        self,
        channel: Channel,
        interval: float,
        timeout: float,
        deliver: Deliver,
        gap: Callable[[], None],
        *,
        most: int,
        keep_alive: float,
        priority: int = 0,
    ) -> None:
        self.id = 0
        self.most = most
        self.dead = False
        self.renewing = False
        self._channel = channel
        self._interval = interval
        self._timeout = timeout
        self._deliver = deliver
        self._gap = gap
        self._priority = priority
        self._numbering = Numbering()
        self._heard_at = 0.0
        self._keep_alive = keep_alive
        self._patience = 3 * keep_alive
        self._nodes: dict[int, ua.NodeId] = {}
        self._ids: dict[int, int] = {}

    def __contains__(self, handle: int) -> bool:
        return handle in self._nodes

    @property
    def handles(self) -> list[int]:
        """Of all items that are, or are being, monitored."""
        return list(self._nodes)

    def let_go(self) -> None:
        """Tell nobody any more: the session is over."""
        self._deliver = self._gap = _tell_nobody

    async def create(self, publisher: Publisher) -> None:
        """Create it on the server and let it be fed. Raises SessionEnded or ServiceFault."""
        request = ua.CreateSubscriptionRequest()
        request.Parameters.RequestedPublishingInterval = self._interval * 1000
        request.Parameters.RequestedMaxKeepAliveCount = max(1, round(self._keep_alive / self._interval))
        request.Parameters.RequestedLifetimeCount = max(3, round(_LIFETIME / self._interval))
        request.Parameters.MaxNotificationsPerPublish = _MOST_NOTIFICATIONS
        request.Parameters.Priority = self._priority
        response = await self._channel.request(request, ua.CreateSubscriptionResponse, self._timeout)
        revised = response.Parameters
        publisher.remove(self)
        self.id = revised.SubscriptionId
        self.dead = False
        self._numbering = Numbering()
        self._heard_at = time.perf_counter()
        self._patience = 3 * max(
            self._keep_alive, revised.RevisedPublishingInterval * revised.RevisedMaxKeepAliveCount / 1000
        )
        publisher.add(self)

    async def add(self, items: Sequence[tuple[int, ua.NodeId]]) -> list[int]:
        """Monitor the Value of each (handle, node); the status of each. Raises SessionEnded or ServiceFault."""
        for handle, node in items:
            self._nodes[handle] = node
        try:
            statuses = await self._add(items)
        except (SessionEnded, ServiceFault, Undecodable):
            for handle, _ in items:
                self._nodes.pop(handle, None)
            raise
        for (handle, _), status in zip(items, statuses, strict=True):
            if status:
                self._nodes.pop(handle, None)
        return statuses

    async def remove(self, handles: Sequence[int]) -> None:
        """Monitor these no more; unknown ones are passed over."""
        ids = []
        for handle in handles:
            self._nodes.pop(handle, None)
            if (monitored := self._ids.pop(handle, None)) is not None:
                ids.append(monitored)
        if not ids or not self.id:
            return
        request = ua.DeleteMonitoredItemsRequest()
        request.Parameters.SubscriptionId = self.id
        request.Parameters.MonitoredItemIds = ids
        await self._channel.request(request, ua.DeleteMonitoredItemsResponse, self._timeout)

    async def renew(self, publisher: Publisher) -> None:
        """Tell of the gap, and create it anew with all its items. Raises SessionEnded or ServiceFault."""
        self.renewing = True
        self._gap()  # first, so that what is read in its stead is read at once
        if not self.dead:
            publisher.give_up()
        try:
            await self._renew(publisher)
        finally:
            self.renewing = False

    @property
    def silent_at(self) -> float:
        """When it counts as dead if not even a keep-alive has come by then."""
        return self._heard_at + self._patience if self.id else float("inf")

    def take(self, message: ua.NotificationMessage) -> None:
        """One notification message of it has arrived."""
        self._heard_at = time.perf_counter()
        notifications = message.NotificationData or ()
        if not self._numbering.accept(message.SequenceNumber, keep_alive=not notifications):
            _log.warning("subscription %d: notifications lost before %d", self.id, message.SequenceNumber)
            self._gap()
        for notification in notifications:
            match notification:
                case ua.DataChangeNotification():
                    if items := notification.MonitoredItems:
                        self._deliver(items)
                case ua.StatusChangeNotification() if notification.Status.is_bad():
                    _log.warning("subscription %d: ended by the server (%s)", self.id, notification.Status.name)
                    self.dead = True

    def missed(self, number: int | None) -> None:
        """A message of it arrived that could not be decoded."""
        self._heard_at = time.perf_counter()
        if number is not None:
            self._numbering.accept(number, keep_alive=False)
        self._gap()

    async def _renew(self, publisher: Publisher) -> None:
        old, items = self.id, list(self._nodes.items())
        self._ids.clear()
        await self.create(publisher)
        if old:
            request = ua.DeleteSubscriptionsRequest()
            request.Parameters.SubscriptionIds = [old]
            self._channel.send(request, lambda _: None, self._timeout)
        while items:
            part = [(handle, node) for handle, node in items[: self.most] if handle in self._nodes]
            del items[: self.most]
            statuses = await self._add(part)
            failed = [(handle, status) for (handle, _), status in zip(part, statuses, strict=True) if status]
            if failed:  # told like any change, so that whoever wants them may try again
                self._deliver([_failure(handle, status) for handle, status in failed])

    async def _add(self, items: Sequence[tuple[int, ua.NodeId]]) -> list[int]:
        statuses: list[int] = []
        while len(statuses) < len(items):
            part = items[len(statuses) : len(statuses) + self.most]
            try:
                statuses += await self._add_once(part)
            except ServiceFault as fault:
                if fault.status not in TOO_BIG or len(part) == 1:
                    raise
                self.most = len(part) // 2
        return statuses

    async def _add_once(self, items: Sequence[tuple[int, ua.NodeId]]) -> list[int]:
        request = ua.CreateMonitoredItemsRequest()
        request.Parameters.SubscriptionId = asked = self.id
        request.Parameters.TimestampsToReturn = ua.TimestampsToReturn.Source
        request.Parameters.ItemsToCreate = [self._wish(handle, node) for handle, node in items]
        response = await self._channel.request(request, ua.CreateMonitoredItemsResponse, self._timeout)
        results = response.Results or []
        if len(results) != len(items):
            raise Undecodable(f"{len(results)} results for {len(items)} items")
        if asked != self.id:  # renewed meanwhile: these ids are of the old one
            raise ServiceFault(BAD_SUBSCRIPTION_ID_INVALID)
        statuses = []
        for (handle, _), result in zip(items, results, strict=True):
            bad = result.StatusCode.is_bad()
            statuses.append(int(result.StatusCode.value) if bad else 0)
            if not bad:
                self._ids[handle] = result.MonitoredItemId
        return statuses

    def _wish(self, handle: int, node: ua.NodeId) -> ua.MonitoredItemCreateRequest:
        item = ua.MonitoredItemCreateRequest()
        item.ItemToMonitor.NodeId = node
        item.ItemToMonitor.AttributeId = ua.AttributeIds.Value
        item.MonitoringMode = ua.MonitoringMode.Reporting
        item.RequestedParameters.ClientHandle = handle
        item.RequestedParameters.SamplingInterval = self._interval * 1000
        item.RequestedParameters.QueueSize = 1
        item.RequestedParameters.DiscardOldest = True
        return item


class Publisher:
    """Keeps Publish requests outstanding for all subscriptions of one session. `lost` is told when the session is gone."""

    def __init__(self, channel: Channel, lost: Callable[[int], None]) -> None:
        self._channel = channel
        self._lost = lost
        self._subscriptions: dict[int, Subscription] = {}
        self._outstanding = 0
        self._round = 0
        self._most = 100
        self._acknowledgements: list[ua.SubscriptionAcknowledgement] = []
        self._paused = False

    def add(self, subscription: Subscription) -> None:
        """Feed `subscription`, which has its id, from now on."""
        self._subscriptions[subscription.id] = subscription
        self._fill()

    def remove(self, subscription: Subscription) -> None:
        """Feed it no more."""
        self._subscriptions.pop(subscription.id, None)

    def let_go(self) -> None:
        """Feed and tell nobody any more: the session is over."""
        self._subscriptions.clear()
        self._lost = _tell_nobody

    def give_up(self) -> None:
        """Expect nothing of the requests that are outstanding: the server seems to have lost them."""
        self._round += 1
        self._outstanding = 0

    def _fill(self) -> None:
        if self._paused or not self._subscriptions:
            return
        wanted = min(self._most, len(self._subscriptions) + _SPARE_REQUESTS)
        while self._outstanding < wanted:
            request = ua.PublishRequest()
            request.Parameters.SubscriptionAcknowledgements = self._acknowledgements
            self._acknowledgements = []
            try:
                self._channel.send(request, partial(self._answered, self._round))
            except ChannelLost:
                return
            self._outstanding += 1

    def _answered(self, asked: int, answer: Any) -> None:
        if asked == self._round:
            self._outstanding -= 1
        if isinstance(answer, ServiceFault):  # the response was given up midway
            self._missed(None, None)
        elif isinstance(answer, Exception):
            return  # the channel is gone, and says so itself
        else:
            self._take(answer)
        self._fill()

    def _take(self, body: Buffer) -> None:
        try:
            result = decode(body.copy(), ua.PublishResponse).Parameters
        except ServiceFault as fault:
            self._refused(fault.status)
            return
        except Undecodable as error:
            _log.warning("publish response not decodable: %s", error)
            self._missed(*_envelope(body))
            return
        message = result.NotificationMessage
        if message.NotificationData:
            self._acknowledge(result.SubscriptionId, message.SequenceNumber)
        subscription = self._subscriptions.get(result.SubscriptionId)
        if subscription is None:
            return  # of one that was renewed or deleted meanwhile
        try:
            subscription.take(message)
        except Exception:  # noqa: BLE001 the receiver's own fault must not end the channel
            _log.exception("subscription %d: a batch could not be taken", subscription.id)

    def _missed(self, subscription_id: int | None, number: int | None) -> None:
        if subscription_id is not None and number is not None:
            self._acknowledge(subscription_id, number)
        subscription = self._subscriptions.get(subscription_id or 0)
        for one in [subscription] if subscription is not None else list(self._subscriptions.values()):
            one.missed(number if subscription is not None else None)

    def _refused(self, status: int) -> None:
        if status in SESSION_GONE:
            self._lost(status)
        elif status == BAD_TOO_MANY_PUBLISH_REQUESTS:
            self._most = max(1, self._outstanding)
        elif status == BAD_NO_SUBSCRIPTION:
            for subscription in self._subscriptions.values():
                subscription.dead = True
            self._subscriptions.clear()
        else:
            self._pause()

    def _pause(self) -> None:
        if not self._paused:
            self._paused = True
            asyncio.get_running_loop().call_later(_PAUSE, self._resume)

    def _resume(self) -> None:
        self._paused = False
        self._fill()

    def _acknowledge(self, subscription_id: int, number: int) -> None:
        acknowledgement = ua.SubscriptionAcknowledgement()
        acknowledgement.SubscriptionId = subscription_id
        acknowledgement.SequenceNumber = number
        self._acknowledgements.append(acknowledgement)


def _tell_nobody(*_: object) -> None:
    pass


def _failure(handle: int, status: int) -> ua.MonitoredItemNotification:
    return ua.MonitoredItemNotification(handle, ua.DataValue(ua.Variant(), ua.StatusCode(ua.UInt32(status))))


def _envelope(body: Buffer) -> tuple[int | None, int | None]:
    """Subscription and sequence number of a publish response whose contents cannot be decoded."""
    try:
        nodeid_from_binary(body)
        struct_from_binary(ua.ResponseHeader, body)
        subscription_id = int(Primitives.UInt32.unpack(body))
        for _ in range(max(0, Primitives.Int32.unpack(body))):
            Primitives.UInt32.unpack(body)
        Primitives.Boolean.unpack(body)
        return subscription_id, int(Primitives.UInt32.unpack(body))
    except Exception:  # noqa: BLE001 a decoder may fail in any way
        return None, None
