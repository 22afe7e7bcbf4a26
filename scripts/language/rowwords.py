"""Arguments about a row, where bare words are its properties: `A.B`, `A.IsAbove(1)`, `{A: 1}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scripts.language.trees import IDENT, NotExpression, Tree, condition

if TYPE_CHECKING:
    from scripts.language.expressions import Parser


def of_row(parser: Parser, how: str, ends: str) -> Tree:
    """Read `A.B`, `A.IsAbove(1)`, `A: 1` or a map of these; bare words are properties."""
    parser.space()
    start = parser.at
    if parser.peek("{"):
        try:
            tree = parser.expression()
            parser.space()
            if parser.done() or parser.text[parser.at] in ends:
                return tree
        except NotExpression:
            pass
        parser.at = start
        return _row_map(parser, how)
    if parser.text[parser.at : parser.at + 1] in ("$", ".", "[", '"', "'"):
        return parser.argument(ends)
    try:
        tree = parser.postfixes(["field", [parser.match(IDENT)]])
        parser.space()
        if how == "FILTERS" and parser.take(":"):
            return ["when", [condition(tree, parser.argument(ends))]]
        known = how != "CHANGES" or tree[0] != "field"  # there, a bare word is text
        if known and (parser.done() or parser.text[parser.at] in ends):
            return tree
    except NotExpression:
        pass
    parser.at = start
    return parser.bare(ends)


def _row_map(parser: Parser, how: str) -> Tree:
    parser.expect("{")
    pairs: list[Any] = []
    while not parser.take("}"):
        parser.space()
        if how != "FILTERS":
            name = parser.match(IDENT)
            parser.space()
            parser.expect(":")
            pairs.append([name, of_row(parser, how, ",}")])
        else:
            subject = _row_subject(parser)
            parser.space()
            value = parser.argument(",}") if parser.take(":") else None
            pairs.append(subject if value is None else condition(subject, value))
        parser.space()
        if not parser.peek("}"):
            parser.expect(",")
    return ["when" if how == "FILTERS" else "map", pairs]


def _row_subject(parser: Parser) -> Tree:
    if parser.peek("$"):
        return parser.expression()
    return parser.postfixes(["field", [parser.match(IDENT)]])
