"""What other programs are told about the active server, so that they follow it without knowing of main and backup."""
