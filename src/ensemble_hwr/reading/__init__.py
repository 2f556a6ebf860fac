"""What pages say: the tree of lines, words and letters, and the forms in which it is written."""

from ensemble_hwr.reading._document import Letter, Line, Page, Word, page_of, unread_word
from ensemble_hwr.reading._markup import to_alto, to_hocr

__all__ = ["Letter", "Line", "Page", "Word", "page_of", "to_alto", "to_hocr", "unread_word"]
