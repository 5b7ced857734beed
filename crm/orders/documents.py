"""The neutral order and its parts as bodies of the REST API, described by the contract itself."""

import copy
from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.response import Response

from crm.orders import accepting, contract
from helpdesk.rest.serializers import DocumentSerializer
from helpdesk.rest.views import View

Json = dict[str, Any]

_PREFIX = "Neutral"


class NeutralDocument(DocumentSerializer):
    """A document of the contract: `part` names the order, or one of its definitions."""

    part: ClassVar[str]

    @classmethod
    def components(cls) -> dict[str, Any]:
        return {name(cls.part): described(contract.part(cls.part)), **definitions()}

    def to_internal_value(self, data: Any) -> Any:
        if faults := contract.faults(data, self.part):
            raise ValidationError(_nested(faults))
        return copy.deepcopy(data)


class OrderDocument(NeutralDocument):
    part = "order"


class ShipmentDocument(NeutralDocument):
    part = "shipment"


class CustomerDocument(NeutralDocument):
    part = "shop_customer"


class ResultSerializer(serializers.Serializer[Any]):
    result = serializers.ChoiceField(
        accepting.Result.choices,
        help_text="`stale`: something newer is known, so nothing was written.",
    )


class PutView(View):
    """Takes a document by the shop's own id: any number of times, in any order."""

    answers = ResultSerializer

    def told(self, result: accepting.Result) -> Response:
        """201 for what is new, else 200."""
        status = 201 if result == accepting.Result.CREATED else 200
        return Response({"result": result}, status=status)


def name(part: str) -> str:
    """`order_status` is `NeutralOrderStatus` in the description."""
    return _PREFIX + "".join(word.capitalize() for word in part.split("_"))


def definitions() -> dict[str, Json]:
    """Everything that an order is made of, by name."""
    parts = contract.schema()["$defs"]
    return {name(part): described(schema) for part, schema in parts.items()}


def described(schema: Any) -> Any:
    """The schema as a component of the description."""
    if isinstance(schema, list):
        return [described(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: described(item) for key, item in schema.items() if key not in _OUTSIDE}
    if "$ref" in kept:
        kept["$ref"] = f"#/components/schemas/{name(kept['$ref'].rpartition('/')[2])}"
    return kept


_OUTSIDE = {"$schema", "$id", "$defs", "title"}


def _nested(faults: list[contract.Fault]) -> Json:
    """Faults in the form of DRF's errors, which the problem is made of."""
    root: Json = {}
    for fault in faults:
        place = root
        for step in fault.path:
            place = place.setdefault(str(step), {})
        place.setdefault("non_field_errors", []).append(ErrorDetail(fault.detail, fault.code))
    return root
