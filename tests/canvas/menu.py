"""The menu of corrections in a real window: clicks on cards, and what they offer and correct, printed as JSON.

It is a process of its own, since Tk keeps its connection to the screen until the process ends.
"""

import json
import tkinter

from test_corrections import canvas_with_a_word

from ensemble_hwr.canvas._window import Window


def clicked(window, x):
    """Click on the cards, and return the menus that open."""
    menus = []
    tkinter.Menu.tk_popup = lambda menu, *_: menus.append(menu)
    window.root.update()
    cards = window._painter.cards
    cards.event_generate("<ButtonPress-1>", x=x, y=cards.winfo_height() // 2)
    window.root.update()
    return menus


def labels(menu):
    return [menu.entrycget(i, "label") for i in range(menu.index("end") + 1) if menu.type(i) == "command"]


def main():
    canvas, thread = canvas_with_a_word()
    window = Window(tkinter.Tk(), canvas, labels="ABCHXYZ")
    found = {"next to the cards": [labels(menu) for menu in clicked(window, 600)]}
    (menu,) = clicked(window, 10)
    found["entries"] = labels(menu)
    menu.invoke(found["entries"].index("C") + 1)  # there is a separator after the likely letters
    found |= {"corrections": [label for _, label in thread.corrections], "status": window._status.get()}
    other, _ = canvas_with_a_word(corrects=False)
    window.controller = other
    found["without a profile"] = [labels(menu) for menu in clicked(window, 10)]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
