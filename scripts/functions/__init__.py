"""The built-in functions: one line a name. They are pure; what they do not know they ask of a
context that tests can fix."""

from scripts.functions import comparison, lists, moments, syntax
from scripts.functions.function import Context, Function, Reads

__all__ = ["FUNCTIONS", "Context", "Function", "Reads"]

MANY = 50

FUNCTIONS: dict[str, Function] = {
    "Add": Function(lists.add, 1, MANY),
    "Advance": Function(moments.advance, 1, 1),
    "Contains": Function(comparison.contains, 1, 1),
    "Default": Function(comparison.default, 0, MANY),
    "First": Function(lists.first, 0, 1),
    "GoBack": Function(moments.go_back, 1, 1),
    "Has": Function(comparison.contains, 1, 1),
    "Is": Function(comparison.is_, 1, 1),
    "IsAbove": Function(comparison.is_above, 1, 1),
    "IsAfter": Function(moments.is_after, 1, 1),
    "IsBefore": Function(moments.is_before, 1, 1),
    "IsBelow": Function(comparison.is_below, 1, 1),
    "IsBool": Function(comparison.is_bool),
    "IsDomain": Function(syntax.is_domain),
    "IsEmpty": Function(comparison.is_empty_),
    "IsEnum": Function(comparison.is_enum),
    "IsFuture": Function(moments.is_future),
    "IsIn": Function(comparison.is_in, 1, MANY),
    "IsLanguage": Function(syntax.is_language),
    "IsList": Function(comparison.is_list),
    "IsNot": Function(comparison.is_not, 1, 1),
    "IsNotEmpty": Function(comparison.is_not_empty),
    "IsNotIn": Function(comparison.is_not_in, 1, MANY),
    "IsNum": Function(comparison.is_num),
    "IsPast": Function(moments.is_past),
    "IsSchema": Function(syntax.is_schema),
    "IsText": Function(comparison.is_text),
    "IsTime": Function(moments.is_time, 0, 1),
    "IsUUID": Function(syntax.is_uuid),
    "Last": Function(lists.last, 0, 1),
    "Length": Function(lists.length),
    "Locator": Function(syntax.locator),
    "Lower": Function(lists.lower),
    "Now": Function(moments.now, subjectless=True),
    "Or": Function(comparison.either, 0, MANY),
    "Require": Function(comparison.require),
    "Schema": Function(syntax.schema),
    "UUID": Function(lists.new_uuid, subjectless=True),
}
