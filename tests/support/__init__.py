"""What several tests share: fakes and the screen renderer."""
